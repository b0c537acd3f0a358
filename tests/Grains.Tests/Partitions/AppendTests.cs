using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Tests.Benches;
using Loire.Log;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using Loire.Model.Memory;
using Loire.TestKit;

namespace Loire.Grains.Tests.Partitions;

public class AppendTests
{
    [Fact]
    public void Appends_get_their_offsets_on_arrival_and_are_acknowledged_in_order_when_durable()
    {
        var bench = new PartitionBench();
        Assert.Equal(0, bench.Appended("first").BaseOffset.Value);
        var release = bench.Hold("chunk");
        List<int> answered = [];
        var appends = Enumerable.Range(0, 20).Select(i => bench.Thread.Start(async () =>
        {
            var request = new AppendRequest(Batch.Of([.. Enumerable.Repeat("v", 1 + i % 3)]), Acks.All);
            var result = await bench.Driver.AppendAsync(request);
            answered.Add(i);
            return result;
        })).ToList();

        Assert.Empty(answered);
        Assert.Equal(1, bench.Offsets().HighWatermark.Value);
        Assert.Equal(1 + appends.Select((_, i) => 1 + i % 3).Sum(), bench.Offsets().LogEnd.Value);
        release();

        Assert.Equal(Enumerable.Range(0, 20), answered);
        long next = 1;
        foreach (var (append, i) in appends.Select((append, i) => (append.Now(), i)))
        {
            Assert.Equal((ErrorCode.None, next, next + i % 3), (append.Error, append.BaseOffset.Value, append.LastOffset.Value));
            next += 1 + i % 3;
        }

        Assert.Equal(next, bench.Offsets().HighWatermark.Value);
    }

    [Fact]
    public void Appends_that_arrive_before_the_partition_leads_share_one_attempt_and_keep_their_order()
    {
        var bench = new PartitionBench();
        var topic = new TaskCompletionSource<PartitionSettingsResult>();
        bench.Topic = () => topic.Task;
        var release = bench.Hold("head");
        var heads = 0;
        bench.Storage.Changed = change => heads += change.Call.Key.Contains("head", StringComparison.Ordinal) ? 1 : 0;
        var appends = Enumerable.Range(0, 50).Select(i => bench.Append("v" + i)).ToList();
        bench.Thread.After(() => topic.SetResult(new PartitionSettingsResult(ErrorCode.None, PartitionBench.Defaults)));
        appends.AddRange(Enumerable.Range(50, 50).Select(i => bench.Append("v" + i)));
        Assert.DoesNotContain(appends, append => append.IsCompleted);
        release();

        Assert.Equal(Enumerable.Range(0, 100).Select(i => (long)i), appends.Select(append => append.Now().BaseOffset.Value));
        Assert.Equal((2, 1), (bench.TopicAsked, heads));
        Assert.Equal(string.Join(' ', Enumerable.Range(0, 100).Select(i => $"{i}:v{i}")), Batch.Text(bench.Fetched(0)));
    }

    [Fact]
    public void Without_acks_the_answer_comes_at_once_and_has_no_offset()
    {
        var bench = new PartitionBench();
        var cold = bench.Appended(Batch.Of("cold"), Acks.None);
        Assert.Equal((ErrorCode.None, Offset.None), (cold.Error, cold.BaseOffset));
        var release = bench.Hold("chunk");
        var append = bench.Appended(Batch.Of("a"), Acks.None);

        Assert.Equal((ErrorCode.None, Offset.None, Offset.None), (append.Error, append.BaseOffset, append.LastOffset));
        Assert.Equal(ErrorCode.UnsupportedForMessageFormat, bench.Appended(new byte[100], Acks.None).Error);
        release();
        Assert.Equal("0:cold 1:a", Batch.Text(bench.Fetched(0)));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(-2)]
    [InlineData(short.MaxValue)]
    public void Other_values_of_acks_are_rejected(short acks) =>
        Assert.Equal(ErrorCode.InvalidRequiredAcks, new PartitionBench().Appended(Batch.Of("a"), (Acks)acks).Error);

    public static TheoryData<string, ErrorCode, byte[]> Refused()
    {
        var good = Batch.Of("good").ToArray();
        byte[] Change(int at, byte value, bool fixCrc)
        {
            var bytes = (byte[])good.Clone();
            bytes[at] = value;
            if (fixCrc)
            {
                System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(17), Crc32C.Compute(bytes.AsSpan(21)));
            }

            return bytes;
        }

        var now = 1_767_225_600_000;
        return new()
        {
            { "nothing", ErrorCode.InvalidRecord, [] },
            { "less than a header", ErrorCode.CorruptMessage, good[..60] },
            { "a batch that is cut", ErrorCode.CorruptMessage, good[..^1] },
            { "an older format", ErrorCode.UnsupportedForMessageFormat, Change(16, 1, false) },
            { "a wrong checksum", ErrorCode.CorruptMessage, Change(good.Length - 1, 1, false) },
            { "the second of two batches is damaged", ErrorCode.CorruptMessage, [.. good, .. Change(good.Length - 1, 1, false)] },
            { "bytes behind the batch", ErrorCode.CorruptMessage, [.. good, 0] },
            { "a control batch", ErrorCode.InvalidRecord, Change(22, 32, true) },
            { "a transaction", ErrorCode.TransactionalIdAuthorizationFailed,
                Batch.Build(new(now), b => (b.IsTransactional, b.ProducerId, b.ProducerEpoch, b.BaseSequence) = (true, 1, 0, 0), "v")
                    .ToArray() },
            { "a producer id without a sequence", ErrorCode.InvalidRecord,
                Batch.Build(new(now), b => (b.ProducerId, b.ProducerEpoch, b.BaseSequence) = (1, 0, -1), "v").ToArray() },
            { "a producer id in the second batch only", ErrorCode.InvalidRecord,
                [.. good, .. Batch.Build(new(now), b => (b.ProducerId, b.ProducerEpoch, b.BaseSequence) = (1, 0, 0), "v").Span] },
            { "the broker's time from a client", ErrorCode.InvalidTimestamp, Change(22, 8, true) },
            { "more than an hour ahead", ErrorCode.InvalidTimestamp, Batch.At(new(now + 3_600_001), "v").ToArray() },
            { "more than a day old", ErrorCode.InvalidTimestamp, Batch.At(new(now - 86_400_001), "v").ToArray() },
            { "more than max.message.bytes", ErrorCode.MessageTooLarge, Batch.Sized(5_001 + 100).ToArray() },
        };
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void A_batch_that_must_not_be_stored_is_refused_with_its_reason(string reason, ErrorCode error, byte[] bytes)
    {
        var bench = new PartitionBench();
        bench.Thread.Finish(() => Task.FromResult(bench.Driver.Configure(
            PartitionBench.Defaults with { Version = 2, MaxMessageBytes = 5_000, TimestampBeforeMax = TimeSpan.FromDays(1) })));
        var refused = bench.Appended(bytes);

        Assert.True(refused.Error == error, $"{reason}: {refused.Error}, {refused.Detail}");
        Assert.NotNull(refused.Detail);
        Assert.Equal(Offset.None, refused.BaseOffset);
        Assert.Equal(Offset.Zero, bench.Offsets().LogEnd);
        Assert.Equal(0, bench.Appended("next").BaseOffset.Value);
    }

    [Theory]
    [InlineData(3_600_000, "the farthest ahead")]
    [InlineData(-86_400_000, "the oldest")]
    public void A_timestamp_on_its_bound_is_accepted(long distance, string reason)
    {
        var bench = new PartitionBench();
        bench.Thread.Finish(() => Task.FromResult(
            bench.Driver.Configure(PartitionBench.Defaults with { Version = 2, TimestampBeforeMax = TimeSpan.FromDays(1) })));
        Assert.True(bench.Appended(Batch.At(new Timestamp(1_767_225_600_000 + distance), "v")).Error == ErrorCode.None, reason);
    }

    [Theory]
    [InlineData(0, ErrorCode.None, "as large as allowed")]
    [InlineData(1, ErrorCode.MessageTooLarge, "a byte too large")]
    public void The_limit_of_a_batch_counts_its_header(int beyond, ErrorCode error, string reason)
    {
        var bench = new PartitionBench();
        bench.Thread.Finish(() => Task.FromResult(
            bench.Driver.Configure(PartitionBench.Defaults with { Version = 2, MaxMessageBytes = Batch.Sized(1_000).Length - beyond })));
        Assert.True(bench.Appended(Batch.Sized(1_000)).Error == error, reason);
    }

    [Theory]
    [InlineData(TimestampType.CreateTime, -1, ErrorCode.None, "no timestamp")]
    [InlineData(TimestampType.CreateTime, 1_767_225_599_999, ErrorCode.InvalidTimestamp, "a millisecond too old")]
    [InlineData(TimestampType.CreateTime, 1_767_225_600_000, ErrorCode.None, "the broker's time")]
    [InlineData(TimestampType.CreateTime, 1_767_225_600_001, ErrorCode.InvalidTimestamp, "a millisecond ahead")]
    [InlineData(TimestampType.LogAppendTime, 5, ErrorCode.None, "the producer's time does not matter")]
    [InlineData(TimestampType.LogAppendTime, 4_102_444_800_000, ErrorCode.None, "the producer's time does not matter")]
    public void Without_tolerance_only_the_brokers_time_or_none_is_accepted(TimestampType type, long timestamp, ErrorCode error, string reason)
    {
        var bench = new PartitionBench();
        bench.Thread.Finish(() => Task.FromResult(bench.Driver.Configure(PartitionBench.Defaults with
        {
            Version = 2,
            TimestampType = type,
            TimestampBeforeMax = TimeSpan.Zero,
            TimestampAfterMax = TimeSpan.Zero,
        })));
        Assert.True(bench.Appended(Batch.At(new Timestamp(timestamp), "v")).Error == error, reason);
    }

    [Fact]
    public void Several_batches_are_appended_one_after_the_other_and_come_back_as_they_were()
    {
        var bench = new PartitionBench();
        ReadOnlyMemory<byte>[] batches = [Batch.Of("a", "b"), Batch.Of("c"), Batch.Of("d", "e", "f")];
        var appended = bench.Appended(Batch.Join(batches));
        var fetched = Batch.Bytes(bench.Fetched(0));

        Assert.Equal((0, 5), (appended.BaseOffset.Value, appended.LastOffset.Value));
        Assert.Equal(6, bench.Fetched(0).NextOffset.Value);
        var at = 0;
        foreach (var batch in batches)
        {
            Assert.Equal(batch.Span[RecordBatch.StampSize..].ToArray(), fetched[(at + RecordBatch.StampSize)..(at + batch.Length)]);
            at += batch.Length;
        }

        Assert.Equal(at, fetched.Length);
    }

    [Fact]
    public void With_LogAppendTime_every_record_has_the_brokers_time_and_the_producers_bytes_stay()
    {
        var bench = new PartitionBench();
        bench.Topic = () => Task.FromResult(new PartitionSettingsResult(
            ErrorCode.None, PartitionBench.Defaults with { TimestampType = TimestampType.LogAppendTime }));
        var batch = Batch.At(new Timestamp(5), "a", "b");
        var before = batch.ToArray();
        var appended = bench.Appended(batch);
        var fetched = Batch.Bytes(bench.Fetched(0));

        Assert.Equal(1_767_225_600_000, appended.LogAppendTime.Milliseconds);
        Assert.Equal(before, batch.ToArray());
        Assert.Equal(ErrorCode.None, RecordBatch.TryRead(fetched, out var stored));
        Assert.Equal((TimestampType.LogAppendTime, 1_767_225_600_000), (stored.TimestampType, stored.MaxTimestamp.Milliseconds));
        Assert.True(stored.CrcIsValid());
        Assert.Equal(batch.Span[RecordBatch.HeaderSize..].ToArray(), stored.Payload.ToArray());
    }

    [Fact]
    public void The_appends_of_all_partitions_share_one_bound_and_one_beyond_it_is_refused_until_others_are_durable()
    {
        var memory = new MemoryQuota(1_000);
        var (busy, other) = (new PartitionBench(memory: memory), new PartitionBench(memory: memory));
        var release = busy.Hold("chunk");
        var first = busy.Append(Batch.Sized(600));
        var second = busy.Append(Batch.Sized(300));
        var refused = other.Appended(Batch.Sized(300));
        Assert.Equal(ErrorCode.ThrottlingQuotaExceeded, refused.Error);
        Assert.NotNull(refused.Detail);
        Assert.Equal(Batch.Sized(600).Length + Batch.Sized(300).Length, memory.TakenBytes);

        release();
        Assert.Equal((ErrorCode.None, ErrorCode.None), (first.Now().Error, second.Now().Error));
        Assert.Equal(0, memory.TakenBytes);
        Assert.Equal(0, other.Appended(Batch.Sized(300)).BaseOffset.Value);
        Assert.Equal(ErrorCode.UnsupportedForMessageFormat, other.Appended(new byte[200]).Error);
        Assert.Equal(0, memory.TakenBytes);
    }

    [Fact]
    public void A_partition_that_is_closed_holds_no_memory_of_appends()
    {
        var memory = new MemoryQuota(1_000);
        var bench = new PartitionBench(memory: memory);
        var release = bench.Hold("head");
        var waiting = bench.Append(Batch.Sized(600));
        Assert.Equal(Batch.Sized(600).Length, memory.TakenBytes);
        var disposal = bench.Thread.Start(async () =>
        {
            await bench.Driver.DisposeAsync();
            return true;
        });
        Assert.Equal(ErrorCode.NotLeaderOrFollower, waiting.Now().Error);
        release();
        disposal.Now();
        Assert.Equal(0, memory.TakenBytes);
    }

    [Fact]
    public void With_min_insync_replicas_2_only_acks_all_is_refused()
    {
        var bench = new PartitionBench();
        bench.Topic = () => Task.FromResult(
            new PartitionSettingsResult(ErrorCode.None, PartitionBench.Defaults with { MinInsyncReplicas = 2 }));
        Assert.Equal(ErrorCode.NotEnoughReplicas, bench.Appended(Batch.Of("a")).Error);
        Assert.Equal(ErrorCode.None, bench.Appended(Batch.Of("a"), Acks.Leader).Error);
    }

    [Fact]
    public void Without_room_an_append_waits_and_is_refused_in_time()
    {
        var bench = new PartitionBench(
            log: new PartitionLogOptions { ChunkBytes = 1_000, PendingBytes = 1_000 }, roomWait: TimeSpan.FromSeconds(5));
        bench.Appended("first");
        var release = bench.Hold("chunk");
        var admitted = bench.Append(Batch.Sized(900));
        var tooLate = bench.Append(Batch.Sized(300));
        var alsoTooLate = bench.Append(Batch.Sized(300));
        bench.Advance(TimeSpan.FromSeconds(4));
        var inTime = bench.Append(Batch.Sized(300));
        Assert.False(tooLate.IsCompleted);
        bench.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(ErrorCode.ThrottlingQuotaExceeded, tooLate.Now().Error);
        Assert.Equal(ErrorCode.ThrottlingQuotaExceeded, alsoTooLate.Now().Error);
        Assert.NotNull(tooLate.Now().Detail);
        release();
        Assert.Equal((1, 2), (admitted.Now().BaseOffset.Value, inTime.Now().BaseOffset.Value));
        Assert.Equal(3, bench.Offsets().LogEnd.Value);
        Assert.Equal(0, bench.Drops);
    }

    [Fact]
    public void Beyond_the_bound_on_waiting_appends_one_is_refused_at_once()
    {
        var bench = new PartitionBench(log: new PartitionLogOptions { ChunkBytes = 1_000, PendingBytes = 1_000 });
        bench.Appended("first");
        var release = bench.Hold("chunk");
        var admitted = bench.Append(Batch.Sized(900));
        var waiting = bench.Append(Batch.Sized(800));

        Assert.Equal(ErrorCode.ThrottlingQuotaExceeded, bench.Appended(Batch.Sized(300)).Error);
        release();
        Assert.Equal((ErrorCode.None, ErrorCode.None), (admitted.Now().Error, waiting.Now().Error));
    }

    [Fact]
    public void When_another_activation_leads_nothing_more_is_acknowledged_and_the_partition_deactivates()
    {
        var old = new PartitionBench();
        old.Appended("old");
        var waiting = old.Fetch(1, wait: TimeSpan.FromSeconds(30));
        var @new = new PartitionBench(old.Storage);
        Assert.Equal(1, @new.Appended("new").BaseOffset.Value);
        var refused = old.Appended("lost");

        Assert.Equal((ErrorCode.NotLeaderOrFollower, Offset.None), (refused.Error, refused.BaseOffset));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, waiting.Now().Error);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, old.Appended("lost too").Error);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, old.Fetched(0).Error);
        Assert.Equal(1, old.Drops);
        Assert.Equal("0:old 1:new", Batch.Text(@new.Fetched(0)));
    }

    [Fact]
    public void When_storage_is_broken_nothing_is_acknowledged_and_the_partition_deactivates()
    {
        var bench = new PartitionBench();
        bench.Appended("kept");
        bench.Storage.Faults = call => Task.FromResult(
            call.Operation == StorageOperation.Write ? StorageFault.Refuse(new StorageBrokenException("fsync failed")) : StorageFault.None);

        Assert.Equal(ErrorCode.KafkaStorageError, bench.Appended("lost").Error);
        Assert.Equal(1, bench.Drops);
        Assert.Equal("0:kept", Batch.Text(new PartitionBench(bench.Storage).Fetched(0)));
    }

    [Fact]
    public void When_storage_is_full_appends_are_refused_reads_continue_and_appends_resume_when_there_is_space()
    {
        var bench = new PartitionBench();
        bench.Appended("kept");
        bench.Storage.Faults = call => Task.FromResult(
            call.Operation == StorageOperation.Write ? StorageFault.Refuse(new StorageFullException("no space left")) : StorageFault.None);
        Assert.Equal(ErrorCode.KafkaStorageError, bench.Appended("refused").Error);
        Assert.Equal(ErrorCode.KafkaStorageError, bench.Appended("refused").Error);

        // The bench is the next activation if this one has gone.
        bench = bench.Drops == 0 ? bench : new PartitionBench(bench.Storage);
        Assert.Equal("0:kept", Batch.Text(bench.Fetched(0)));
        bench.Storage.Faults = null;
        Assert.Equal(1, bench.Appended("again").BaseOffset.Value);
        Assert.Equal("0:kept 1:again", Batch.Text(bench.Fetched(0)));
    }
}
