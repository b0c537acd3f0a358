using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Tests.Benches;
using Loire.Model;
using Loire.Model.Batches;
using Loire.Model.Transactions;

namespace Loire.Grains.Tests.Partitions;

/// <summary>Appends that expect an end of the log, and those of keyed producers.</summary>
public class ConditionalAppendTests
{
    private static readonly ProducerIdentity Key = new(KeyedProducer.FirstId + 5, 77);

    [Fact]
    public void An_append_that_expects_another_end_is_refused_with_the_end()
    {
        var bench = new PartitionBench();
        Assert.Equal("0-0", Text(Expecting(bench, 0, Batch.Of("a")).Now()));
        var late = Expecting(bench, 0, Batch.Of("b")).Now();
        Assert.Equal((ErrorCode.OffsetOutOfRange, 1L), (late.Error, late.EndOffset!.Value.Value));
        Assert.Equal(ErrorCode.OffsetOutOfRange, Expecting(bench, 2, Batch.Of("b")).Now().Error);
        Assert.Equal("1-1", Text(Expecting(bench, 1, Batch.Of("b")).Now()));
        Assert.Equal("0:a 1:b", Batch.Text(bench.Fetched(0)));
    }

    [Fact]
    public void Of_appends_under_way_that_expect_the_same_end_one_is_stored()
    {
        var bench = new PartitionBench();
        bench.Appended("a");
        var release = bench.Hold("chunk");
        var (first, second) = (Expecting(bench, 1, Batch.Of("b")), Expecting(bench, 1, Batch.Of("c")));
        Assert.Equal((ErrorCode.OffsetOutOfRange, 2L), (second.Now().Error, second.Now().EndOffset!.Value.Value));
        Assert.False(first.IsCompleted);
        release();
        Assert.Equal("1-1", Text(first.Now()));
        Assert.Equal("0:a 1:b", Batch.Text(bench.Fetched(0)));
    }

    [Fact]
    public void What_repeats_a_conditional_append_gets_its_answer()
    {
        var bench = new PartitionBench();
        var batch = Keyed(100, "a", "b");
        Assert.Equal("0-1", Text(Expecting(bench, 0, batch).Now()));
        bench.Appended("c");
        Assert.Equal("0-1", Text(Expecting(bench, 0, batch).Now()));
        Assert.Equal(ErrorCode.DuplicateResource, Expecting(bench, 3, Keyed(101, "a", "b")).Now().Error);
    }

    [Fact]
    public void A_key_is_known_to_every_later_owner_also_when_its_records_are_gone()
    {
        var bench = new PartitionBench();
        bench.Appended(Keyed(100, "a", "b"));
        bench.Appended("c");
        var other = new PartitionBench(bench.Storage.Clone());
        Assert.Equal(("0-1", ErrorCode.DuplicateResource), (Text(other.Appended(Keyed(100, "a", "b"))), other.Appended(Keyed(100, "a")).Error));
        bench.Thread.Finish(() => bench.Driver.DeleteRecordsAsync(Offset.None, validateOnly: false).AsTask());
        Assert.Equal(3, bench.Offsets().LogStart.Value);
        var next = new PartitionBench(bench.Storage.Clone());
        Assert.Equal(("0-1", ErrorCode.DuplicateResource), (Text(next.Appended(Keyed(100, "a", "b"))), next.Appended(Keyed(100, "a")).Error));
    }

    [Fact]
    public void Two_appends_of_one_key_at_once_are_stored_once_and_answered_alike()
    {
        var bench = new PartitionBench();
        bench.Appended(Keyed(1, "before"), Acks.All);
        var release = bench.Hold("chunk");
        var key = Keyed(100, new ProducerIdentity(KeyedProducer.FirstId, 0), "a", "b");
        var (first, second, other) = (bench.Append(key), bench.Append(key), bench.Append(Keyed(7, new ProducerIdentity(KeyedProducer.FirstId, 0), "x")));
        Assert.Equal(ErrorCode.DuplicateResource, other.Now().Error);
        Assert.False(first.IsCompleted || second.IsCompleted);
        release();
        Assert.Equal("1-2 1-2", $"{Text(first.Now())} {Text(second.Now())}");
        Assert.Equal("0:before 1:a 2:b", Batch.Text(bench.Fetched(0)));
    }

    [Theory]
    [InlineData(TimestampType.CreateTime, null)]
    [InlineData(TimestampType.LogAppendTime, null)]
    [InlineData(TimestampType.CreateTime, CompressionType.Gzip)]
    public void A_batch_without_records_reserves_a_key_and_no_reader_sees_it(TimestampType times, CompressionType? codec)
    {
        var settings = new PartitionSettingsResult(ErrorCode.None, PartitionBench.Defaults with { TimestampType = times, Compression = codec });
        var bench = new PartitionBench { Topic = () => Task.FromResult(settings) };
        Assert.Equal("0-0", Text(bench.Appended(EmptyBatch.Build(Key, 100))));
        Assert.Equal("0-0", Text(bench.Appended(EmptyBatch.Build(Key, 100))));
        Assert.Equal(ErrorCode.DuplicateResource, bench.Appended(EmptyBatch.Build(Key, 101)).Error);
        bench.Appended("a");
        var again = new PartitionBench(bench.Storage.Clone()) { Topic = bench.Topic };
        Assert.Equal("0-0", Text(again.Appended(EmptyBatch.Build(Key, 100))));
        Assert.Equal("2-2", Text(again.Appended("b")));
        if (codec is null)
        {
            Assert.Equal("1:a 2:b", Batch.Text(again.Fetched(0)));
        }
    }

    [Fact]
    public void No_other_producer_may_append_nothing()
    {
        var bench = new PartitionBench();
        var batch = EmptyBatch.Build(Key, 100).ToArray();
        RecordBatch.SetProducer(batch, new ProducerIdentity(KeyedProducer.FirstId - 1, 0), 0);
        Assert.Equal(ErrorCode.InvalidRecord, bench.Appended(batch).Error);
        RecordBatch.SetProducer(batch, ProducerIdentity.None, -1);
        Assert.Equal(ErrorCode.InvalidRecord, bench.Appended(batch).Error);
    }

    private static Task<AppendResult> Expecting(PartitionBench bench, long offset, ReadOnlyMemory<byte> batches) =>
        bench.Append(new AppendRequest(batches, Acks.All, ExpectedOffset: new Offset(offset)));

    private static byte[] Keyed(int sequence, params string[] values) => Keyed(sequence, Key, values);

    private static byte[] Keyed(int sequence, ProducerIdentity key, params string[] values)
    {
        var batch = Batch.Of(values).ToArray();
        RecordBatch.SetProducer(batch, key, sequence);
        return batch;
    }

    private static string Text(AppendResult result) =>
        result.Error == ErrorCode.None ? $"{result.BaseOffset.Value}-{result.LastOffset.Value}" : result.Error.ToString();
}
