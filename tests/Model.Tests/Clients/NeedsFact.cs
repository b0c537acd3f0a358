using System.Diagnostics;

namespace Loire.Model.Tests.Clients;

/// <summary>Something outside the project that a test compares us with.</summary>
public enum Needed
{
    /// <summary>Debian's python3-kafka with the libraries for all codecs.</summary>
    KafkaPython,

    /// <summary>kcat, which is librdkafka, and Python for the fake broker.</summary>
    Kcat,

    /// <summary>Debian's python3-confluent-kafka.</summary>
    ConfluentPython,

    /// <summary>node with the packages of <c>tests/kafka-js</c>.</summary>
    KafkaJs,
}

/// <summary>A fact that is reported as skipped where what it needs is not installed.</summary>
public sealed class NeedsFactAttribute : FactAttribute
{
    public NeedsFactAttribute(Needed what)
    {
        if (!Installed.Has(what))
        {
            Skip = $"{what} is not installed";
        }
    }
}

/// <summary>A theory that is reported as skipped where what it needs is not installed.</summary>
public sealed class NeedsTheoryAttribute : TheoryAttribute
{
    public NeedsTheoryAttribute(Needed what)
    {
        if (!Installed.Has(what))
        {
            Skip = $"{what} is not installed";
        }
    }
}

internal static class Installed
{
    // Debian's own, which has Debian's modules; another one may come first in the path.
    public const string Python = "/usr/bin/python3";

    private static readonly Lazy<bool> KafkaPython = new(() => Runs(Python, "-c", "import kafka, lz4.frame, snappy, zstandard"));
    private static readonly Lazy<bool> ConfluentPython = new(() => Runs(Python, "-c", "import confluent_kafka"));
    private static readonly Lazy<bool> Kcat = new(() => Runs("kcat", "-V") && Runs(Python, "-V"));

    /// <summary>The folder of the scripts for node, whose packages <c>npm ci</c> has installed; null if it has not.</summary>
    public static string? KafkaJsFolder { get; } = FindKafkaJsFolder();

    public static bool Has(Needed what) => what switch
    {
        Needed.KafkaPython => KafkaPython.Value,
        Needed.ConfluentPython => ConfluentPython.Value,
        Needed.KafkaJs => KafkaJsFolder is not null && Runs("node", "--version"),
        _ => Kcat.Value,
    };

    /// <summary>Runs a program to its end and returns what it printed; fails if its exit code is not 0, or if it takes longer than a minute.</summary>
    public static string Output(string program, params string[] arguments)
    {
        using var process = Start(program, arguments);
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        using var ended = patience.Token.Register(() => process.Kill(entireProcessTree: true));
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} {(patience.IsCancellationRequested ? "took too long" : "failed")}: {output}{errors.Result}");
        return output;
    }

    private static bool Runs(string program, params string[] arguments)
    {
        try
        {
            using var process = Start(program, arguments);
            process.StandardOutput.ReadToEndAsync();
            process.StandardError.ReadToEndAsync();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static string? FindKafkaJsFolder()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            var folder = Path.Combine(directory.FullName, "tests", "kafka-js");
            if (Directory.Exists(Path.Combine(folder, "node_modules", "kafkajs")))
            {
                return folder;
            }
        }

        return null;
    }

    private static Process Start(string program, string[] arguments) => Process.Start(new ProcessStartInfo(program, arguments)
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        Environment = { ["PYTHONDONTWRITEBYTECODE"] = "1" },
    })!;
}
