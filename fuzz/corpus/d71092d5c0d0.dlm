train {transfer from"{
=
}