package hub

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"github.com/snurun/snurun/fleet"
	"github.com/snurun/snurun/internal/atomicfile"
)

// Role is what a user is.
type Role string

// The roles.
const (
	Board     Role = "board"      // publishes by NATS
	MQTTBoard Role = "mqtt-board" // publishes by MQTT
	Worker    Role = "worker"     // works on batches
	Operator  Role = "operator"   // may do everything
)

// Roles returns all roles.
func Roles() []Role { return []Role{Board, MQTTBoard, Worker, Operator} }

// User is one who may connect.
type User struct {
	Role Role
	Name string
	Hash string // of the password, bcrypt
}

// maxUsers bounds a file of users.
const maxUsers = 100_000

// ReadUsers reads a file of users, lines "ROLE NAME HASH"; empty lines and lines
// that begin with # are passed over.
func ReadUsers(path string) ([]User, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("hub: users: %w", err)
	}
	defer f.Close()
	users, err := readUsers(f)
	if err != nil {
		return nil, fmt.Errorf("hub: users %s: %w", path, err)
	}
	return users, nil
}

func readUsers(r io.Reader) ([]User, error) {
	var users []User
	seen := map[string]int{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) != 3 {
			return nil, fmt.Errorf("line %d: found %d words, expected ROLE NAME HASH, as 'snurun-hub user' writes it", n, len(fields))
		}
		u := User{Role(fields[0]), fields[1], fields[2]}
		if err := u.check(); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if before, ok := seen[u.Name]; ok {
			return nil, fmt.Errorf("line %d: found a second user %s, expected it in line %d alone", n, u.Name, before)
		}
		if len(users) == maxUsers {
			return nil, fmt.Errorf("line %d: found more than %d users", n, maxUsers)
		}
		seen[u.Name] = n
		users = append(users, u)
	}
	return users, lines.Err()
}

func (u User) check() error {
	what := "user"
	switch u.Role {
	case Board, MQTTBoard:
		what = "board"
	case Worker, Operator:
	default:
		return fmt.Errorf("found role %q, expected one of board, mqtt-board, worker and operator", u.Role)
	}
	if err := fleet.CheckName(what, u.Name); err != nil {
		return err
	}
	if u.Name == insider {
		return fmt.Errorf("found user %s, expected another name: it is the hub's own", insider)
	}
	if _, err := bcrypt.Cost([]byte(u.Hash)); err != nil {
		return fmt.Errorf("user %s: found %d characters that are no bcrypt hash, expected one; make it with 'snurun-hub user'", u.Name, len(u.Hash))
	}
	return nil
}

// AddUser gives a user a new random password, replaces or appends the line in the
// file, and returns what the user's file of credentials has to hold.
func AddUser(path string, role Role, name string) (credentials string, err error) {
	users, err := ReadUsers(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	password := rand.Text()
	// The password is random, 128 bits: no work factor makes it harder to guess, and
	// a hundred boards that come back at once are let in at once.
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		return "", fmt.Errorf("hub: %w", err)
	}
	u := User{role, name, string(hash)}
	if err := u.check(); err != nil {
		return "", fmt.Errorf("hub: %w", err)
	}
	return name + ":" + password, writeUsers(path, append(without(users, name), u))
}

// RemoveUser takes a user out of the file.
func RemoveUser(path, name string) error {
	users, err := ReadUsers(path)
	if err != nil {
		return err
	}
	left := without(users, name)
	if len(left) == len(users) {
		return fmt.Errorf("hub: users %s: found no user %q", path, name)
	}
	return writeUsers(path, left)
}

func without(users []User, name string) (left []User) {
	for _, u := range users {
		if u.Name != name {
			left = append(left, u)
		}
	}
	return left
}

func writeUsers(path string, users []User) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		b := bufio.NewWriter(w)
		fmt.Fprintln(b, "# Who may connect to snurun-hub: role, name, bcrypt hash of the password.")
		for _, u := range users {
			fmt.Fprintln(b, u.Role, u.Name, u.Hash)
		}
		return b.Flush()
	})
}
