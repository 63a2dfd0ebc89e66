-- Which database this is: a copy that was restored elsewhere, or went back in time, finds the name of another one here.
create table installation (
  singleton boolean primary key default true check (singleton),
  identity text not null
);
