using System.Globalization;
using Loire.Model.Batches;
using Loire.Model.Tests.Batches;
using Loire.Model.Tests.Golden;

namespace Loire.Model.Tests.Clients;

/// <summary>Real clients read what our builder makes and the log stamps.</summary>
public sealed class RealClientTests
{
    public static TheoryData<CompressionType> Codecs => [.. Enum.GetValues<CompressionType>()];

    [NeedsTheory(Needed.KafkaPython), MemberData(nameof(Codecs))]
    public void Kafka_python_reads_our_batches(CompressionType codec)
    {
        using var file = new TwoBatches(codec);
        var script = Path.Combine(Fixture.Folder, "kafka_python.py");
        var lines = Installed.Output(Installed.Python, script, "read", file.Path).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(file.Records.Select((r, i) => r.Line(i)), lines);
    }

    [NeedsTheory(Needed.Kcat), MemberData(nameof(Codecs))]
    public void Librdkafka_reads_our_batches_and_finds_their_checksums_right(CompressionType codec)
    {
        using var file = new TwoBatches(codec);
        var output = Installed.Output(
            Installed.Python, Path.Combine(Fixture.Folder, "fake_broker.py"), "serve", file.Path,
            "kcat", "-C", "-q", "-b", "127.0.0.1:{port}", "-t", "golden", "-p", "0", "-o", "beginning", "-e", "-X", "check.crcs=true",
            "-f", "%o %T %K %S\n");
        var expected = file.Records.Select((r, i) =>
            string.Create(CultureInfo.InvariantCulture, $"{i} {r.Timestamp} {r.Key?.Length ?? -1} {r.Value?.Length ?? -1}"));
        Assert.Equal(expected, output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>A file with two batches in a row, offsets from 0 on, as a fetch returns them.</summary>
    private sealed class TwoBatches : IDisposable
    {
        public TwoBatches(CompressionType codec)
        {
            var first = BuilderTests.Build(Samples.Few, codec);
            var second = BuilderTests.Build(Samples.Run, codec);
            RecordBatch.Stamp(first, Offset.Zero, new LeaderEpoch(4), first);
            RecordBatch.Stamp(second, new Offset(Samples.Few.Count), new LeaderEpoch(5), second);
            File.WriteAllBytes(Path, [.. first, .. second]);
        }

        public string Path { get; } = System.IO.Path.GetTempFileName();

        public List<SampleRecord> Records { get; } = [.. Samples.Few, .. Samples.Run];

        public void Dispose() => File.Delete(Path);
    }
}
