using Loire.Model.Batches;
using Loire.Model.Tests.Golden;

namespace Loire.Model.Tests.Batches;

/// <summary>Batches that real clients made are read as what these clients were given.</summary>
public sealed class GoldenBatchTests
{
    public static TheoryData<string> Batches => [.. Fixture.Batches];

    [Fact]
    public void Each_client_and_codec_is_there()
    {
        Assert.Equal(10 + 5 + 4, Fixture.Batches.Count);
        Assert.Equal(Enum.GetValues<CompressionType>(), Fixture.Batches.Select(Fixture.CodecOf).Distinct().Order());
    }

    [Theory, MemberData(nameof(Batches))]
    public void A_clients_batch_is_accepted_and_read_record_by_record(string name)
    {
        var bytes = Fixture.Read(name);

        Assert.Equal(ErrorCode.None, RecordBatch.TryReadProduced(bytes, Limits.DefaultMaxMessageBytes, out var batch, out var problem));
        Assert.Null(problem);
        Assert.Equal(bytes.Length, batch.SizeInBytes);
        Assert.Equal(Fixture.CodecOf(name), batch.Compression);

        var expected = name.Contains("/few-", StringComparison.Ordinal) ? Samples.Few : Samples.Run;
        Assert.Equal(expected.Count, batch.RecordCount);
        Assert.Equal(ExpectedLines(name, expected), WithoutOurTime(name, BatchText.Lines(bytes)));
    }

    [Theory, MemberData(nameof(Batches))]
    public void The_headers_fields_are_where_the_client_put_them(string name)
    {
        RecordBatch.TryRead(Fixture.Read(name), out var batch);

        Assert.Equal(Offset.Zero, batch.BaseOffset);
        Assert.Equal(new Offset(batch.RecordCount - 1), batch.LastOffset);
        Assert.Equal(new Offset(batch.RecordCount), batch.NextOffset);
        Assert.Equal(-1, batch.ProducerId);
        Assert.Equal(TimestampType.CreateTime, batch.TimestampType);
        Assert.False(batch.IsTransactional);
        Assert.False(batch.IsControl);
        if (!name.StartsWith("librdkafka", StringComparison.Ordinal))
        {
            Assert.Equal(new Timestamp(Samples.Start), batch.BaseTimestamp);
            Assert.Equal(new Timestamp(Samples.Start + (batch.RecordCount == 6 ? 86_400_000 : 3990)), batch.MaxTimestamp);
        }
    }

    [Fact]
    public void Several_batches_in_a_row_are_read_one_after_the_other()
    {
        byte[] bytes = [.. Fixture.Batches.SelectMany(Fixture.Read)];

        var few = Fixture.Batches.Count(name => name.Contains("/few-", StringComparison.Ordinal));

        Assert.Equal((few * 6) + ((Fixture.Batches.Count - few) * 400), BatchText.Lines(bytes).Count);
    }

    // kcat gave its records a header, and the time when the fixture was made.
    private static IEnumerable<string> ExpectedLines(string name, IReadOnlyList<SampleRecord> records) =>
        name.StartsWith("librdkafka", StringComparison.Ordinal)
            ? records.Select((r, i) => (r with { Headers = [("app", "kcat"u8.ToArray())] }).Line(i, timestamp: 0))
            : records.Select((r, i) => r.Line(i));

    private static IEnumerable<string> WithoutOurTime(string name, IEnumerable<string> lines) =>
        name.StartsWith("librdkafka", StringComparison.Ordinal)
            ? lines.Select(line =>
            {
                var parts = line.Split('|');
                Assert.InRange(long.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture), Samples.Start, long.MaxValue);
                parts[1] = "0";
                return string.Join('|', parts);
            })
            : lines;
}
