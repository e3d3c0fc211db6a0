// Package standing lets spor run find a spor listen of the same user.
//
// A spor listen writes its addresses to a file in the user's cache folder, and holds a lock on the
// file while it runs. Only the user can read or lock the file. If the lock is held, the addresses
// in the file belong to a process of this user, and the key of the viewer in them reaches no
// other user. If spor listen has crashed, the lock is free, and the file is ignored.
package standing
