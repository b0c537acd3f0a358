using Loire.Coordination.Producers;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Interfaces.Transactions;
using Loire.Grains.Tests.Benches;
using Loire.Log;
using Loire.Log.Objects;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using Loire.Model.Transactions;
using Loire.TestKit;

namespace Loire.Grains.Tests.Partitions;

/// <summary>Batches of idempotent producers in one partition. What the sequences themselves mean is tested in Coordination.</summary>
public class IdempotenceTests
{
    private static readonly PartitionLogOptions Small = new() { TailChunks = 4, WholeChunkBytes = 1, HeadSegments = 4, RewriteBytes = 3_000 };

    [Fact]
    public void A_retry_gets_the_offsets_of_the_original_and_is_not_appended()
    {
        var bench = New();
        Assert.Equal("0-1", Produced(bench, 0, "a", "b"));
        Assert.Equal("2-2", Produced(bench, 2, "c"));
        Assert.Equal("0-1", Produced(bench, 0, "a", "b"));
        Assert.Equal("2-2", Produced(bench, 2, "c"));
        Assert.Equal("OutOfOrderSequenceNumber", Produced(bench, 7, "x"));
        Assert.Equal("3-3", Produced(bench, 3, "d"));
        Assert.Equal("4-4", Produced(bench, 0, epoch: 1, values: "e"));
        Assert.Equal("InvalidProducerEpoch", Produced(bench, 4, "f"));
        Assert.Equal("0:a 1:b 2:c 3:d 4:e", Batch.Text(bench.Fetched(0)));
    }

    [Fact]
    public void A_retry_while_the_original_is_under_way_is_answered_together_with_it()
    {
        var bench = New();
        Produced(bench, 0, "a");
        var release = bench.Hold("chunk");
        var (first, retry, other, unacknowledged) = (
            bench.Append(Of(1, "b")), bench.Append(Of(1, "b")), bench.Append(Of(2, "c")), bench.Append(Of(1, "b"), Acks.None));
        Assert.Equal(ErrorCode.None, unacknowledged.Now().Error);
        Assert.False(first.IsCompleted || retry.IsCompleted || other.IsCompleted);
        release();
        Assert.Equal("1-1 1-1 2-2", $"{Text(first.Now())} {Text(retry.Now())} {Text(other.Now())}");
        Assert.Equal("0:a 1:b 2:c", Batch.Text(bench.Fetched(0)));
    }

    [Fact]
    public void What_storage_has_refused_is_forgotten_together_with_its_retries_and_may_come_again()
    {
        var bench = New();
        Produced(bench, 0, "a");
        var refuse = true;
        bench.Storage.Faults = call => Task.FromResult(
            refuse && call.IsCreate ? StorageFault.Refuse(new StorageFullException("Full.")) : StorageFault.None);
        var (first, retry) = (bench.Append(Of(1, "b")), bench.Append(Of(1, "b")));
        Assert.Equal((ErrorCode.KafkaStorageError, ErrorCode.KafkaStorageError), (first.Now().Error, retry.Now().Error));
        refuse = false;
        Assert.Equal("1-1 1-1", $"{Produced(bench, 1, "b")} {Produced(bench, 1, "b")}");
        Assert.Equal("0:a 1:b", Batch.Text(bench.Fetched(0)));
    }

    [Fact]
    public void An_append_that_repeats_its_first_batches_appends_the_others()
    {
        var bench = New();
        Produced(bench, 0, "a");
        Produced(bench, 1, "b");
        var partly = bench.Appended(Batch.Join(Of(0, "a"), Of(1, "b"), Of(2, "c", "d")));
        Assert.Equal(("0-3", 2), (Text(partly), partly.Repeated));
        Assert.Equal("0-3", Text(bench.Appended(Batch.Join(Of(0, "a"), Of(1, "b"), Of(2, "c", "d")))));
        Assert.Equal("OutOfOrderSequenceNumber", Text(bench.Appended(Batch.Join(Of(4, "e"), Of(2, "c", "d")))));
        Assert.Equal("OutOfOrderSequenceNumber", Text(bench.Appended(Batch.Join(Of(4, "e"), Of(6, "g")))));
        Assert.Equal("0:a 1:b 2:c 3:d", Batch.Text(bench.Fetched(0)));
    }

    [Fact]
    public void An_append_of_more_batches_than_are_remembered_is_recognized_as_a_whole()
    {
        var bench = New();
        Produced(bench, 0, "a");
        bench.Appended("another's");
        var many = Batch.Join([.. Enumerable.Range(1, 12).Select(sequence => Of(sequence, $"{sequence}"))]);
        Assert.Equal("2-13", Text(bench.Appended(many)));
        bench.Appended("another's");
        Assert.Equal("2-13", Text(bench.Appended(many)));
        Assert.Equal("OutOfOrderSequenceNumber", Text(bench.Appended(Batch.Join([.. Enumerable.Range(1, 6).Select(sequence => Of(sequence, $"{sequence}"))]))));
        Assert.Equal("15-15", Text(bench.Appended(Of(13, "13"))));
    }

    [Fact]
    public void Every_later_owner_knows_the_last_batches_also_when_their_records_are_gone()
    {
        var bench = New();
        for (var i = 0; i < 40; i++)
        {
            Produced(bench, i, $"v{i}");
        }

        AssertKnown(bench, 40);
        AssertKnown(New(bench.Storage.Clone()), 40);
        bench.Thread.Finish(() => bench.Driver.DeleteRecordsAsync(Offset.None, validateOnly: false).AsTask());
        Assert.Equal(40, bench.Offsets().LogStart.Value);
        AssertKnown(bench, 40);
        var next = New(bench.Storage.Clone());
        AssertKnown(next, 40);
        Assert.Equal("40-40", Produced(next, 40, "next"));
        Assert.Equal("40:next", Batch.Text(next.Fetched(40)));
    }

    [Fact]
    public void Compaction_keeps_what_later_owners_have_to_know()
    {
        var bench = New(settings: KeyBench.Compacted);
        for (var i = 0; i < 40; i++)
        {
            Assert.Equal($"{i}-{i}", Text(bench.Appended(Keyed(i, "k"))));
        }

        Assert.Equal(ErrorCode.None, bench.Thread.Finish(bench.Log.SealAsync));
        KeyBench.Compact(bench);
        Assert.Equal(40, bench.Log.Compaction.CleanTo.Value);
        var next = New(bench.Storage.Clone(), KeyBench.Compacted);
        Assert.Equal("37-37 OutOfOrderSequenceNumber", $"{Text(next.Appended(Keyed(37, "k")))} {Text(next.Appended(Keyed(30, "k")))}");
        Assert.Equal("40-40", Text(next.Appended(Keyed(40, "k"))));
    }

    [Fact]
    public void The_batch_that_says_how_far_a_producer_has_come_stays_without_records()
    {
        var bench = New(settings: KeyBench.Compacted);
        bench.Appended(Keyed(0, "k", producer: 1));
        bench.Appended(Keyed(0, "k", producer: 2));
        bench.Appended(Keyed(1, "k", producer: 2));
        for (var i = 2; i < 12; i++)
        {
            bench.Appended(Keyed(i, "k", producer: 2));
        }

        Assert.Equal(ErrorCode.None, bench.Thread.Finish(bench.Log.SealAsync));
        KeyBench.Compact(bench);
        var sequences = new List<string>();
        for (var rest = Batch.Bytes(bench.Fetched(0)).AsSpan(); !rest.IsEmpty;)
        {
            Assert.Equal(ErrorCode.None, RecordBatch.TryRead(rest, out var batch));
            sequences.Add($"{batch.ProducerId}/{batch.BaseSequence} with {batch.RecordCount}");
            rest = rest[batch.SizeInBytes..];
        }

        Assert.Equal(["1/0 with 0", "2/11 with 1"], sequences);
    }

    [Fact]
    public void A_log_without_such_producers_has_no_table_and_one_with_them_has_it_before_their_first_batch()
    {
        var bench = New();
        bench.Appended("plain");
        Assert.Null(bench.Log.Table(TableKind.Producers));
        Assert.Equal("1-1", Produced(bench, 0, "a"));
        Assert.Equal(new Offset(1), bench.Log.Table(TableKind.Producers)!.Value.End);
        bench.Appended("more");
        Assert.Equal("1-1", Produced(New(bench.Storage.Clone()), 0, "a"));
    }

    [Fact]
    public void The_table_is_stored_again_after_much_was_appended_so_that_opening_reads_little()
    {
        var bench = New(log: new PartitionLogOptions());
        var value = new string('x', 100_000);
        for (var i = 0; i < 60; i++)
        {
            Produced(bench, i, value);
        }

        Assert.InRange(bench.Log.Table(TableKind.Producers)!.Value.End.Value, 35, 59);
        var next = New(bench.Storage.Clone(), log: new PartitionLogOptions());
        AssertKnown(next, 60, value);
    }

    [Fact]
    public void Without_the_table_the_log_tells_everything()
    {
        var bench = New();
        for (var i = 0; i < 20; i++)
        {
            Produced(bench, i, $"v{i}");
        }

        bench.Thread.Finish(() => bench.Driver.DeleteRecordsAsync(new Offset(5), validateOnly: false).AsTask());
        var next = New(bench.Storage.Clone());
        var key = next.Storage.Keys.Single(key => next.Storage.Find(key) is { } found && found[5] == 5 && !key.EndsWith("/head", StringComparison.Ordinal));
        var bytes = next.Storage.Find(key)!;
        bytes[^1] ^= 1;
        next.Storage.Replace(key, bytes);
        AssertKnown(next, 20);
    }

    [Fact]
    public void Storage_that_cannot_be_read_now_is_told_and_the_retry_is_judged_afterwards()
    {
        var bench = New();
        for (var i = 0; i < 20; i++)
        {
            Produced(bench, i, $"v{i}");
        }

        var next = New(bench.Storage.Clone(), cacheBytes: 0);
        next.Appended("plain");
        next.Storage.Faults = call => Task.FromResult(
            call.Operation == StorageOperation.Read ? StorageFault.Refuse(new IOException("away")) : StorageFault.None);
        Assert.Equal("KafkaStorageError", Produced(next, 19, "v19"));
        next.Storage.Faults = null;
        Assert.Equal("19-19", Produced(next, 19, "v19"));
    }

    [Fact]
    public void A_cluster_that_cannot_store_what_is_known_refuses_and_takes_other_batches()
    {
        var bench = New(storesTables: false);
        var refused = bench.Appended(Of(0, "a"));
        Assert.Equal(ErrorCode.UnsupportedForMessageFormat, refused.Error);
        Assert.Contains("feature level 3", refused.Detail, StringComparison.Ordinal);
        Assert.Equal(0, bench.Appended("plain").BaseOffset.Value);
    }

    [Fact]
    public void An_append_behind_one_that_cannot_be_judged_is_taken_all_the_same()
    {
        var bench = New(storesTables: false);
        var opening = new TaskCompletionSource<PartitionSettingsResult>();
        bench.Topic = () => opening.Task;
        var (refused, plain) = (bench.Append(Of(0, "a")), bench.Append("plain"));
        Assert.False(refused.IsCompleted || plain.IsCompleted);
        bench.Thread.After(() => opening.SetResult(new PartitionSettingsResult(ErrorCode.None, PartitionBench.Defaults)));
        Assert.Equal((ErrorCode.UnsupportedForMessageFormat, "0-0"), (refused.Now().Error, Text(plain.Now())));
    }

    [Fact]
    public void A_producer_that_has_appended_nothing_for_a_day_is_forgotten()
    {
        var bench = New();
        Produced(bench, 0, "a");
        bench.Advance(TimeSpan.FromHours(23));
        bench.Thread.Finish(() => bench.Driver.OpenAndRetainAsync().AsTask());
        Assert.Equal("OutOfOrderSequenceNumber", Produced(bench, 9, "b"));
        bench.Advance(TimeSpan.FromHours(2));
        bench.Thread.Finish(() => bench.Driver.OpenAndRetainAsync().AsTask());
        Assert.Equal("1-1", Produced(bench, 9, "b"));
    }

    [Theory]
    [InlineData(CompressionType.None, TimestampType.LogAppendTime)]
    [InlineData(CompressionType.Zstd, TimestampType.CreateTime)]
    [InlineData(CompressionType.Zstd, TimestampType.LogAppendTime)]
    public void Batches_that_the_broker_changes_keep_their_sequences(CompressionType codec, TimestampType time)
    {
        var settings = PartitionBench.Defaults with { Compression = codec, TimestampType = time };
        var bench = New(settings: settings);
        var now = Timestamp.From(bench.Time.GetUtcNow());
        Produced(bench, 0, "a", "b");
        Produced(bench, 2, "c");
        bench.Advance(TimeSpan.FromMinutes(1));
        var retry = bench.Appended(Of(0, "a", "b"));
        Assert.Equal(("0-1", time == TimestampType.LogAppendTime ? now : retry.LogAppendTime), (Text(retry), retry.LogAppendTime));
        Assert.Equal("2-2", Produced(New(bench.Storage.Clone(), settings), 2, "c"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_client_that_repeats_what_was_not_answered_has_every_record_once_whenever_the_owner_crashes(bool takesEffect)
    {
        for (var at = 1; ; at++)
        {
            var bench = New();
            var calls = 0;
            var crash = new TaskCompletionSource<StorageFault>();
            bench.Storage.Faults = call =>
            {
                calls++;
                return calls < at ? Task.FromResult(StorageFault.None)
                    : calls == at && takesEffect ? Task.FromResult(StorageFault.AnswerLate(crash.Task))
                    : crash.Task;
            };
            var sent = 0;
            for (; sent < 12; sent++)
            {
                if (!bench.Append(Of(sent, $"v{sent}")).IsCompleted)
                {
                    break;
                }
            }

            if (sent == 12)
            {
                Assert.InRange(at, 20, 400);
                return;
            }

            var next = New(bench.Storage.Clone());
            for (var i = Math.Max(0, sent - 4); i < 14; i++)
            {
                Assert.Equal((at, $"{i}-{i}"), (at, Produced(next, i, $"v{i}")));
            }

            Assert.Equal(string.Join(' ', Enumerable.Range(0, 14).Select(i => $"{i}:v{i}")), Batch.Text(next.Fetched(0)));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void What_an_owner_learns_is_what_the_one_before_knew_after_any_history(int seed)
    {
        var random = new Random(seed);
        var settings = KeyBench.Compacted with { RetentionBytes = 4_000 };
        var bench = New(settings: settings);
        for (var step = 0; step < 150; step++)
        {
            switch (random.Next(12))
            {
                case 0:
                    bench = New(bench.Storage.Clone(), settings);
                    break;
                case 1:
                    bench.Thread.Finish(() => bench.Driver.OpenAndRetainAsync().AsTask());
                    break;
                case 2:
                    bench.Appended(Keyed(0, "plain", producer: -1));
                    Assert.Equal(ErrorCode.None, bench.Thread.Finish(bench.Log.SealAsync));
                    KeyBench.Compact(bench);
                    break;
                case 3:
                    var bounds = bench.Offsets();
                    bench.Thread.Finish(() => bench.Driver.DeleteRecordsAsync(
                        bounds.LogStart + random.Next((int)(bounds.HighWatermark - bounds.LogStart) + 1), validateOnly: false).AsTask());
                    break;
                default:
                    var producer = random.Next(4);
                    var state = Known(bench).FirstOrDefault(known => known.Producer == producer);
                    var last = state?.Batches is [.., var newest] ? newest : default(AppendedBatch?);
                    var next = last is { } batch ? (batch.LastSequence + 1) & int.MaxValue : state is null ? random.Next(3) : 0;
                    var (sequence, epoch) = random.Next(6) switch
                    {
                        0 => (0, (short)((state?.Epoch ?? 0) + 1)),
                        1 => (random.Next(20), state?.Epoch ?? 0),
                        _ => (next, state?.Epoch ?? 0),
                    };
                    if (random.Next(4) == 0)
                    {
                        var raises = random.Next(2) == 0;
                        var ended = new ProducerIdentity(producer, (short)(epoch + (raises ? 1 : 0)));
                        Assert.Equal(ErrorCode.None, bench.End(new TransactionMarker("id", ended, raises, random.Next(2) == 0, step + 1)).Now());
                    }
                    else
                    {
                        bench.Append(new AppendRequest(
                            Keyed(sequence, $"k{random.Next(5)}", producer, epoch, random.Next(2) == 0), Acks.All, Transaction: "id")).Now();
                    }

                    break;
            }

            var later = New(bench.Storage.Clone(), settings);
            var (live, again) = (Text(Known(bench)), Text(Known(later)));
            Assert.Equal(bench.Offsets().LastStable, later.Offsets().LastStable);
            Assert.True(live == again, $"seed {seed}, step {step}: {live} live, {again} learned");
        }
    }

    private static ProducerState[] Known(PartitionBench bench)
    {
        var (error, producers) = bench.Thread.Finish(bench.Driver.ProducersAsync);
        Assert.Equal(ErrorCode.None, error);
        return producers;
    }

    private static string Text(ProducerState[] producers) => string.Join(' ', producers.Select(
        producer => $"{producer.Producer}/{producer.Epoch} {producer.TransactionStart} {producer.HasEnded}:{string.Join(',', producer.Batches.Select(batch => $"{batch.Epoch}/{batch.LastSequence}@{batch.LastOffset}"))}"));

    private static PartitionBench New(
        LossyGrainStorage? storage = null, PartitionSettings? settings = null, PartitionLogOptions? log = null, bool storesTables = true,
        long cacheBytes = 1 << 24) =>
        new(storage, log ?? Small, storesTables: () => storesTables, cacheBytes: cacheBytes)
        {
            Topic = () => Task.FromResult(new PartitionSettingsResult(ErrorCode.None, settings ?? PartitionBench.Defaults)),
        };

    /// <summary>The last five batches of one record each are known, the one before is not, and nothing is appended.</summary>
    private static void AssertKnown(PartitionBench bench, int records, string? value = null)
    {
        for (var i = records - 5; i < records; i++)
        {
            Assert.Equal($"{i}-{i}", Produced(bench, i, value ?? $"v{i}"));
        }

        Assert.Equal("OutOfOrderSequenceNumber", Produced(bench, records - 6, value ?? "v"));
        Assert.Equal(records, bench.Offsets().LogEnd.Value);
    }

    private static ReadOnlyMemory<byte> Of(int sequence, params string[] values) => Of(sequence, 0, values);

    private static ReadOnlyMemory<byte> Of(int sequence, short epoch, string[] values) => Batch.Build(
        new Timestamp(1_767_225_600_000), builder => (builder.ProducerId, builder.ProducerEpoch, builder.BaseSequence) = (7, epoch, sequence), values);

    private static ReadOnlyMemory<byte> Keyed(int sequence, string key, long producer = 7, short epoch = 0, bool transactional = false)
    {
        using var builder = new RecordBatchBuilder
        {
            ProducerId = producer,
            ProducerEpoch = epoch,
            BaseSequence = sequence,
            IsTransactional = transactional,
        };
        Assert.True(builder.Append(new Timestamp(1_767_225_600_000), System.Text.Encoding.UTF8.GetBytes(key), false, "v"u8, false));
        return builder.Build();
    }

    private static string Produced(PartitionBench bench, int sequence, params string[] values) => Text(bench.Appended(Of(sequence, values)));

    private static string Produced(PartitionBench bench, int sequence, short epoch, params string[] values) =>
        Text(bench.Appended(Of(sequence, epoch, values)));

    private static string Text(AppendResult result) =>
        result.Error == ErrorCode.None ? $"{result.BaseOffset}-{result.LastOffset}" : result.Error.ToString();
}
