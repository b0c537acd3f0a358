using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Loire.TestKit.Processes;

/// <summary>
/// A real Azurite for the tests of one process: its services of blobs and tables, on free ports of the loopback address. It keeps everything in memory and is
/// killed when the process ends.
/// </summary>
public sealed class AzuriteServer
{
    // The account and key that every Azurite has, published in its documentation.
    private const string Account = "devstoreaccount1";
    private const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private static readonly Lazy<Task<AzuriteServer>> _shared = new(() => StartAsync());

    private AzuriteServer(Uri blobs, Uri tables) => (Blobs, Tables) = (blobs, tables);

    /// <summary>
    /// The command: <c>LOIRE_AZURITE</c>, or what <c>npm ci</c> installed in <c>tests/azurite</c>; null if there is neither.
    /// </summary>
    public static string? Command { get; } = FindCommand();

    /// <summary>Where the service of blobs listens.</summary>
    public Uri Blobs { get; }

    /// <summary>Where the service of tables listens.</summary>
    public Uri Tables { get; }

    /// <summary>The account's blobs, for a client that has an identity instead of the account's key.</summary>
    public Uri AccountUrl => new(Blobs, Account);

    /// <summary>How a client connects.</summary>
    public string ConnectionString => ConnectionStringOf(Blobs, Tables);

    /// <summary>How a client connects by way of others, such as proxies. Signatures do not cover the address.</summary>
    /// <param name="blobs">Where it finds the service of blobs.</param>
    /// <param name="tables">Where it finds the service of tables.</param>
    public static string ConnectionStringOf(Uri blobs, Uri tables) => $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={Key};"
        + $"BlobEndpoint={new Uri(blobs, Account)};TableEndpoint={new Uri(tables, Account)};";

    /// <summary>The server of this process, started by the first call.</summary>
    /// <exception cref="ExternalException">It did not start.</exception>
    public static Task<AzuriteServer> SharedAsync() => _shared.Value;

    /// <summary>Starts one of the caller's own, which also is killed when this process ends.</summary>
    /// <param name="more">Options besides those that every Azurite of the tests has.</param>
    /// <exception cref="ExternalException">It did not start.</exception>
    public static async Task<AzuriteServer> StartAsync(params string[] more)
    {
        string[] options =
        [
            "--silent", "--disableTelemetry", "--skipApiVersionCheck", "--inMemoryPersistence", "--blobPort", "0", "--queuePort", "0", "--tablePort", "0",
            .. more,
        ];
        var start = new ProcessStartInfo(Command!, options) { RedirectStandardOutput = true, RedirectStandardError = true };
        var preload = Path.Combine(Path.GetDirectoryName(Command!)!, "..", "..", "without-collection.cjs");
        if (File.Exists(preload))
        {
            start.Environment["NODE_OPTIONS"] = $"--require {Path.GetFullPath(preload)}";
        }

        var process = Process.Start(start)!;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => process.Kill(entireProcessTree: true);
        const string Listening = "successfully listening at ";
        var services = new Dictionary<string, Uri>();
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            // "Azurite Blob service is successfully listening at http://127.0.0.1:40123"
            if (line.IndexOf(Listening, StringComparison.Ordinal) is >= 0 and var at)
            {
                services[line.Split(' ')[1]] = new Uri(line[(at + Listening.Length)..].Trim());
            }

            if (services.TryGetValue("Blob", out var blobs) && services.TryGetValue("Table", out var tables))
            {
                _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
                _ = process.StandardError.BaseStream.CopyToAsync(Stream.Null);
                return new AzuriteServer(blobs, tables);
            }
        }

        throw new ExternalException($"Azurite did not start: {await process.StandardError.ReadToEndAsync()}");
    }

    private static string? FindCommand()
    {
        if (Environment.GetEnvironmentVariable("LOIRE_AZURITE") is { Length: > 0 } command)
        {
            return command;
        }

        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            foreach (var tests in new[] { directory.FullName, Path.Combine(directory.FullName, "tests") })
            {
                var installed = Path.Combine(tests, "azurite", "node_modules", ".bin", "azurite");
                if (File.Exists(installed))
                {
                    return installed;
                }
            }
        }

        return null;
    }
}
