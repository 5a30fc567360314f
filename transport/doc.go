// Package transport carries frames between two processes, or two ends of one.
//
// A frame is a message in encoded form; transport does not look inside. A
// [Link] is a connection that carries frames both ways, in order. [Dial] and
// [Listen] make links over TCP and Unix sockets, where each frame is preceded
// by its length: four bytes, big endian. Other ways of carrying frames
// implement Link and [Listener] themselves.
//
// An [Addr] says where a container listens.
package transport
