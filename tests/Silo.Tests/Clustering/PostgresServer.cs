using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Loire.Silo.Tests.Clustering;

/// <summary>
/// A real PostgreSQL for the tests of this assembly: a server of its own on a free port of the loopback address, with a password and a temporary
/// directory. It refuses to run as root, so root runs it as the user <c>postgres</c> of Debian's package.
/// </summary>
internal sealed class PostgresServer
{
    private const int Attempts = 5;

    // Its input ends with this process, however that ends. SIGKILL would leak the server's shared memory; SIGQUIT stops it at once. It is no child of
    // this process, because the test runner may kill those before the folder is gone.
    private const string Keeper =
        "exec 3<&0; (folder=$1; shift; \"$@\" & cat <&3 >/dev/null; kill -QUIT $!; wait $!; rm -rf \"$folder\") &";

    private static readonly string? _binaries = FindBinaries();

    private static readonly Lazy<Task<PostgresServer>> _shared = new(StartAsync);

    // Holds the server's input open.
    private readonly Process _server;
    private readonly int _port;
    private readonly string _password;

    private PostgresServer(Process server, int port, string password) => (_server, _port, _password) = (server, port, password);

    /// <summary>Why no server can be started here; null if one can.</summary>
    public static string? Missing { get; } =
        _binaries is null ? "PostgreSQL is not installed: apt-get install postgresql"
        : Environment.IsPrivilegedProcess && !HasUser() ? "PostgreSQL does not run as root, and there is no user postgres" : null;

    public static Task<PostgresServer> SharedAsync() => _shared.Value;

    /// <summary>Creates an empty database and returns the connection string of its owner, who is no superuser.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = $"t{Guid.NewGuid():N}";
        await using var server = NpgsqlDataSource.Create(ConnectionString("postgres"));
        foreach (var sql in new[] { $"CREATE ROLE {name} LOGIN PASSWORD '{_password}'", $"CREATE DATABASE {name} OWNER {name}" })
        {
            await using var command = server.CreateCommand(sql);
            await command.ExecuteNonQueryAsync();
        }

        return ConnectionString(name);
    }

    /// <summary>A role's connection string to the database of the same name.</summary>
    private string ConnectionString(string role) =>
        new NpgsqlConnectionStringBuilder { Host = "127.0.0.1", Port = _port, Username = role, Password = _password, Database = role }.ToString();

    private static string? FindBinaries()
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        var debian = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql") : [];
        return path.Concat(debian.Select(version => Path.Combine(version, "bin")))
            .FirstOrDefault(directory => File.Exists(Path.Combine(directory, "initdb")) && File.Exists(Path.Combine(directory, "postgres")));
    }

    private static bool HasUser() => File.ReadLines("/etc/passwd").Any(line => line.StartsWith("postgres:", StringComparison.Ordinal));

    private static async Task<PostgresServer> StartAsync()
    {
        var said = "";
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var folder = Directory.CreateTempSubdirectory("loire-postgres-").FullName;
            var (port, password) = (FreePort(), RandomNumberGenerator.GetHexString(32));
            await CreateAsync(folder, password);
            var server = Run(
                ["sh", "-c", Keeper, "sh", folder, .. AsUser(
                    "postgres", "-D", $"{folder}/data", "-p", $"{port}", "-F", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=")]);
            said = await ReadUntilReadyAsync(server);
            if (said is "")
            {
                _ = server.StandardError.BaseStream.CopyToAsync(Stream.Null);
                return new PostgresServer(server, port, password);
            }

            // Another process may have taken the port.
            server.StandardInput.Close();
        }

        throw new ExternalException($"PostgreSQL did not start: {said}");
    }

    private static async Task CreateAsync(string folder, string password)
    {
        await File.WriteAllTextAsync($"{folder}/password", password);
        if (Environment.IsPrivilegedProcess)
        {
            using var chown = Process.Start("chown", ["-R", "postgres", folder]);
            await chown.WaitForExitAsync();
        }

        using var initdb = Run(AsUser(
            "initdb", "-D", $"{folder}/data", "-U", "postgres", "-A", "scram-sha-256", "--no-sync", $"--pwfile={folder}/password"));
        var said = await initdb.StandardError.ReadToEndAsync();
        await initdb.WaitForExitAsync();
        if (initdb.ExitCode != 0)
        {
            throw new ExternalException($"initdb failed: {said}");
        }
    }

    private static string[] AsUser(string program, params string[] arguments)
    {
        string[] command = [Path.Combine(_binaries!, program), .. arguments];
        return Environment.IsPrivilegedProcess
            ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--", .. command] : command;
    }

    private static Process Run(string[] command)
    {
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        start.Environment["LC_ALL"] = "C";
        var process = Process.Start(start)!;
        _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        return process;
    }

    private static int FreePort()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>Returns nothing once the server accepts connections, or what it logged before it ended.</summary>
    private static async Task<string> ReadUntilReadyAsync(Process server)
    {
        var log = new StringBuilder();
        while (await server.StandardError.ReadLineAsync() is { } line)
        {
            log.AppendLine(line);
            if (line.Contains("ready to accept connections", StringComparison.Ordinal))
            {
                return "";
            }

            if (line.Contains("FATAL", StringComparison.Ordinal))
            {
                break;
            }
        }

        return log.ToString();
    }
}

/// <summary>A fact that is skipped where PostgreSQL is not installed.</summary>
internal sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute() => Skip = PostgresServer.Missing!;
}
