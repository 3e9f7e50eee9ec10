module securememory/bench/peers

go 1.25

require (
	github.com/awnumar/memcall v0.5.0
	github.com/awnumar/memguard v0.23.0
	golang.org/x/sys v0.35.0
)

require golang.org/x/crypto v0.41.0 // indirect
