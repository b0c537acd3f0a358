using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Loire.Storage.Tests.Azurite;

/// <summary>
/// A real Azurite for the tests of this assembly: started on a free port of the loopback address with a temporary folder, stopped with the
/// process. Azurite saves its metadata every five seconds, so killing it would lose what it has acknowledged; no test does that.
/// </summary>
internal sealed class AzuriteServer
{
    // The account and key that every Azurite has, published in its documentation.
    private const string Account = "AccountName=devstoreaccount1;"
        + "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private static readonly Lazy<Task<AzuriteServer>> _shared = new(StartAsync);

    private AzuriteServer(string url)
        => ConnectionString = $"DefaultEndpointsProtocol=http;{Account};BlobEndpoint={url}/devstoreaccount1;";

    /// <summary>
    /// The command: <c>LOIRE_AZURITE</c>, or what <c>npm ci</c> installed in <c>tests/azurite</c>; null if there is neither.
    /// </summary>
    public static string? Command { get; } = FindCommand();

    /// <summary>How a client connects.</summary>
    public string ConnectionString { get; }

    public static Task<AzuriteServer> SharedAsync() => _shared.Value;

    private static string? FindCommand()
    {
        if (Environment.GetEnvironmentVariable("LOIRE_AZURITE") is { Length: > 0 } command)
        {
            return command;
        }

        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            var installed = Path.Combine(directory.FullName, "azurite", "node_modules", ".bin", "azurite-blob");
            if (File.Exists(installed))
            {
                return installed;
            }
        }

        return null;
    }

    private static async Task<AzuriteServer> StartAsync()
    {
        var folder = Directory.CreateTempSubdirectory("loire-azurite-").FullName;
        var start = new ProcessStartInfo(Command!) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[] { "--silent", "--disableTelemetry", "--skipApiVersionCheck", "--blobHost", "127.0.0.1", "--blobPort", "0", "--location", folder })
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start)!;
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            process.Kill(entireProcessTree: true);
            Directory.Delete(folder, recursive: true);
        };
        const string Listening = "successfully listens on ";
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.IndexOf(Listening, StringComparison.Ordinal) is >= 0 and var at)
            {
                _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
                _ = process.StandardError.BaseStream.CopyToAsync(Stream.Null);
                return new AzuriteServer(line[(at + Listening.Length)..].Trim());
            }
        }

        throw new ExternalException($"Azurite did not start: {await process.StandardError.ReadToEndAsync()}");
    }
}

/// <summary>A fact that is skipped where Azurite is not installed.</summary>
internal sealed class AzuriteFactAttribute : FactAttribute
{
    public const string NotInstalled = "Azurite is not installed: run npm ci in tests/azurite, or name its command in LOIRE_AZURITE";

    public AzuriteFactAttribute() => Skip = AzuriteServer.Command is null ? NotInstalled : null!;
}

/// <summary>A theory that is skipped where Azurite is not installed.</summary>
internal sealed class AzuriteTheoryAttribute : TheoryAttribute
{
    public AzuriteTheoryAttribute() => Skip = AzuriteServer.Command is null ? AzuriteFactAttribute.NotInstalled : null!;
}
