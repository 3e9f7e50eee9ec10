module securememory/bench/peers

go 1.25

require (
	github.com/awnumar/memguard v0.23.0
	github.com/godaddy/asherah/go/securememory v0.1.6
	golang.org/x/sys v0.35.0
)

require (
	github.com/awnumar/memcall v0.5.0 // indirect
	github.com/pkg/errors v0.9.1 // indirect
	github.com/rcrowley/go-metrics v0.0.0-20201227073835-cf1acfcdf475 // indirect
	golang.org/x/crypto v0.41.0 // indirect
)
