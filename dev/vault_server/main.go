// Copyright: (c) 2026, secretferry.akeyless contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Command vault runs a real Vault core in memory, for the demo and the tests only. It takes the
// flags of `vault server -dev`, so that a harness need not know which of the two it started, and
// leaves out everything but KV, AppRole, userpass and the audit devices for files and sockets: the whole `vault`
// takes twice as long to build and five times the room.
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sort"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	kv "github.com/hashicorp/vault-plugin-secrets-kv"
	"github.com/hashicorp/vault/audit"
	"github.com/hashicorp/vault/builtin/credential/approle"
	"github.com/hashicorp/vault/builtin/credential/userpass"
	"github.com/hashicorp/vault/command/server"
	"github.com/hashicorp/vault/helper/namespace"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/internalshared/configutil"
	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/sdk/physical/inmem"
	"github.com/hashicorp/vault/vault"
	"github.com/hashicorp/vault/version"
)

const shutdownGrace = 3 * time.Second

type options struct {
	dev       bool
	rootToken string
	address   string
	tls       bool
	tlsDir    string
	logLevel  string
	noStore   bool
	noKV      bool
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "vault_server:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 1 && (args[0] == "version" || args[0] == "-version" || args[0] == "--version") {
		fmt.Printf("Vault v%s (lean test build)\n", version.GetVersion().Version)
		return nil
	}
	if len(args) == 0 || args[0] != "server" {
		return errors.New("usage: vault server -dev [-dev-root-token-id=ID] [-dev-listen-address=HOST:PORT] [-dev-tls]")
	}
	opts, err := parse(args[1:])
	if err != nil {
		return err
	}

	listener, err := net.Listen("tcp", opts.address)
	if err != nil {
		return err
	}
	defer listener.Close()

	core, err := newCore(opts)
	if err != nil {
		return err
	}
	defer core.Shutdown()
	if err := openForDevelopment(core, opts); err != nil {
		return err
	}
	return serve(core, listener, opts)
}

func parse(args []string) (options, error) {
	var opts options
	flags := flag.NewFlagSet("vault server", flag.ContinueOnError)
	flags.BoolVar(&opts.dev, "dev", false, "run in memory, unsealed; required, there is no other mode")
	flags.StringVar(&opts.rootToken, "dev-root-token-id", os.Getenv("VAULT_DEV_ROOT_TOKEN_ID"), "id of the root token")
	flags.StringVar(&opts.address, "dev-listen-address", "127.0.0.1:8200", "address to listen on")
	flags.BoolVar(&opts.tls, "dev-tls", false, "serve TLS with a certificate of a new CA")
	flags.StringVar(&opts.tlsDir, "dev-tls-cert-dir", "", "existing folder for vault-ca.pem, vault-cert.pem, vault-key.pem")
	flags.StringVar(&opts.logLevel, "log-level", "warn", "trace, debug, info, warn or error")
	flags.BoolVar(&opts.noStore, "dev-no-store-token", true, "accepted for likeness; the token is never stored")
	flags.BoolVar(&opts.noKV, "dev-no-kv", false, "do not mount secret/")
	if err := flags.Parse(args); err != nil {
		return opts, err
	}
	if flags.NArg() > 0 {
		return opts, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if !opts.dev {
		return opts, errors.New("only -dev is supported: nothing is kept once the process ends")
	}
	if opts.rootToken == "" {
		raw := make([]byte, 12)
		if _, err := rand.Read(raw); err != nil {
			return opts, err
		}
		opts.rootToken = "root-" + hex.EncodeToString(raw)
		fmt.Printf("Root Token: %s\n", opts.rootToken)
	}
	return opts, nil
}

func newCore(opts options) (*vault.Core, error) {
	level := hclog.LevelFromString(opts.logLevel)
	if level == hclog.NoLevel {
		return nil, fmt.Errorf("unknown log level %q", opts.logLevel)
	}
	logger := hclog.New(&hclog.LoggerOptions{Level: level, Output: os.Stderr})
	storage, err := inmem.NewInmem(nil, logger)
	if err != nil {
		return nil, err
	}
	return vault.NewCore(&vault.CoreConfig{
		Physical:           storage,
		StorageType:        "inmem",
		Logger:             logger,
		DisableMlock:       true,
		LogicalBackends:    map[string]logical.Factory{"kv": kv.Factory},
		CredentialBackends: map[string]logical.Factory{"approle": approle.Factory, "userpass": userpass.Factory},
		AuditBackends:      map[string]audit.Factory{"file": audit.NewFileBackend, "socket": audit.NewSocketBackend},
		BuiltinRegistry:    builtins,
	})
}

// openForDevelopment leaves the core as `vault server -dev` does: initialised, unsealed, with a
// root token of the chosen id and, unless told otherwise, KV version 2 at secret/.
func openForDevelopment(core *vault.Core, opts options) error {
	ctx := namespace.ContextWithNamespace(context.Background(), namespace.RootNamespace)
	made, err := core.Initialize(ctx, &vault.InitParams{
		BarrierConfig: &vault.SealConfig{SecretShares: 1, SecretThreshold: 1, Type: "shamir"},
	})
	if err != nil {
		return err
	}
	unsealed, err := core.Unseal(made.SecretShares[0])
	if err != nil {
		return err
	}
	if !unsealed {
		return errors.New("the core stayed sealed")
	}

	send := func(token, path string, data map[string]interface{}) error {
		response, err := core.HandleRequest(ctx, &logical.Request{
			ID: "dev-setup", Operation: logical.UpdateOperation, ClientToken: token, Path: path, Data: data,
		})
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if response != nil && response.IsError() {
			return fmt.Errorf("%s: %w", path, response.Error())
		}
		return nil
	}
	if err := send(made.RootToken, "auth/token/create", map[string]interface{}{
		"id": opts.rootToken, "policies": []string{"root"}, "no_parent": true, "no_default_policy": true,
	}); err != nil {
		return err
	}
	if err := send(made.RootToken, "auth/token/revoke-self", nil); err != nil {
		return err
	}
	if opts.noKV {
		return nil
	}
	return send(opts.rootToken, "sys/mounts/secret", map[string]interface{}{
		"type": "kv", "description": "key/value secret storage", "options": map[string]string{"version": "2"},
	})
}

func serve(core *vault.Core, listener net.Listener, opts options) error {
	// The handler reads the listener's settings without asking whether there are any.
	settings := &configutil.Listener{Type: "tcp", Address: opts.address}
	web := &http.Server{
		Handler:           vaulthttp.Handler.Handler(&vault.HandlerProperties{Core: core, ListenerConfig: settings}),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       5 * time.Minute,
		ErrorLog:          core.Logger().StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
	}
	failed := make(chan error, 1)
	if opts.tls {
		dir, cleanUp, err := certificates(opts.tlsDir)
		if err != nil {
			return err
		}
		defer cleanUp()
		fmt.Printf("Certificate authority: %s\n", filepath.Join(dir, "vault-ca.pem"))
		go func() {
			failed <- web.ServeTLS(listener, filepath.Join(dir, "vault-cert.pem"), filepath.Join(dir, "vault-key.pem"))
		}()
	} else {
		go func() { failed <- web.Serve(listener) }()
	}
	fmt.Printf("Listening on %s\n", listener.Addr())

	ending := make(chan os.Signal, 1)
	signal.Notify(ending, os.Interrupt, syscall.SIGTERM)
	select {
	case err := <-failed:
		return err
	case <-ending:
		ctx, cancel := context.WithTimeout(context.Background(), shutdownGrace)
		defer cancel()
		if err := web.Shutdown(ctx); err != nil {
			return web.Close()
		}
		return nil
	}
}

// certificates writes the three files of `vault server -dev-tls` into dir, or into a folder of
// its own that cleanUp removes.
func certificates(dir string) (string, func(), error) {
	cleanUp := func() {}
	if dir == "" {
		made, err := os.MkdirTemp("", "vault-tls")
		if err != nil {
			return "", cleanUp, err
		}
		dir, cleanUp = made, func() { os.RemoveAll(made) }
	}
	if _, err := server.DevTLSConfig("inmem", dir, nil); err != nil {
		cleanUp()
		return "", func() {}, err
	}
	return dir, cleanUp, nil
}

// registry tells the core which plugins are built in.
type registry map[consts.PluginType]map[string]logical.Factory

var builtins = registry{
	consts.PluginTypeSecrets:    {"kv": kv.Factory},
	consts.PluginTypeCredential: {"approle": approle.Factory, "userpass": userpass.Factory},
}

func (r registry) Contains(name string, kind consts.PluginType) bool {
	_, found := r[kind][name]
	return found
}

func (r registry) Get(name string, kind consts.PluginType) (func() (interface{}, error), bool) {
	factory, found := r[kind][name]
	return func() (interface{}, error) { return factory, nil }, found
}

func (r registry) Keys(kind consts.PluginType) []string {
	names := make([]string, 0, len(r[kind]))
	for name := range r[kind] {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func (r registry) DeprecationStatus(name string, kind consts.PluginType) (consts.DeprecationStatus, bool) {
	return consts.Supported, r.Contains(name, kind)
}

func (r registry) IsBuiltinEntPlugin(string, consts.PluginType) bool {
	return false
}
