using System.Text;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Interfaces.Transactions;
using Loire.Grains.Tests.Benches;
using Loire.Log;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using Loire.Model.Transactions;
using Loire.TestKit;

namespace Loire.Grains.Tests.Partitions;

/// <summary>Transactions in one partition. What the table of producers decides is tested in Coordination.</summary>
public class TransactionTests
{
    private static readonly PartitionLogOptions Small = new() { TailChunks = 4, WholeChunkBytes = 1, HeadSegments = 4, RewriteBytes = 3_000 };

    [Fact]
    public void Records_are_committed_with_the_marker_and_not_before()
    {
        var bench = New();
        bench.Appended("plain");
        Assert.Equal("1-2", Written(bench, 0, "a", "b"));
        bench.Appended("behind");
        Assert.Equal("0:plain", Committed(bench));
        Assert.Equal("0:plain 1:a 2:b 3:behind", Batch.Text(bench.Fetched(0)));
        Assert.Equal((1, 4), (bench.Offsets().LastStable.Value, bench.Offsets().HighWatermark.Value));
        Assert.Equal(ErrorCode.None, End(bench, epoch: 1));
        Assert.Equal("0:plain 1:a 2:b 3:behind", Committed(bench));
        Assert.Equal((5, 5), (bench.Offsets().LastStable.Value, bench.Offsets().LogEnd.Value));
    }

    [Fact]
    public void An_aborted_transaction_is_named_to_those_who_read_what_is_committed()
    {
        var bench = New();
        Written(bench, 0, "a");
        bench.Appended("plain");
        Written(bench, 1, "b");
        End(bench, epoch: 1, commits: false);
        Written(bench, 0, epoch: 1, values: "c");
        End(bench, epoch: 2);
        var read = Read(bench, 0);
        Assert.Equal([new AbortedTransaction(7, Offset.Zero)], read.Aborted!);
        Assert.Equal("1:plain 4:c", Committed(bench));
        Assert.Null(bench.Fetched(0).Aborted);
        Assert.Null(Read(bench, 4).Aborted);
        Assert.Equal("4:c", Committed(bench, 4));
    }

    [Fact]
    public void A_reader_of_what_is_committed_waits_for_the_marker()
    {
        var bench = New();
        Written(bench, 0, "a");
        var (reader, other) = (bench.Fetch(0, isolation: IsolationLevel.ReadCommitted), bench.Fetch(1));
        Assert.False(reader.IsCompleted || other.IsCompleted);
        bench.Appended("plain");
        Assert.Equal("1:plain", Batch.Text(other.Now()));
        Assert.False(reader.IsCompleted);
        End(bench, epoch: 1);
        Assert.Equal("0:a 1:plain", Text(reader.Now()));
        var late = bench.Fetch(3, isolation: IsolationLevel.ReadCommitted, wait: TimeSpan.FromSeconds(5));
        Written(bench, 0, epoch: 1, values: "b");
        bench.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal((ErrorCode.None, 3, 0), (late.Now().Error, late.Now().NextOffset.Value, late.Now().Batches.Length));
    }

    [Fact]
    public void Reading_from_the_end_begins_at_the_last_stable_offset()
    {
        var bench = New();
        bench.Appended("plain");
        Written(bench, 0, "a");
        var result = bench.Fetch(FetchRequest.Latest.Value, minBytes: 0, isolation: IsolationLevel.ReadCommitted).Now();
        Assert.Equal((ErrorCode.None, 1), (result.Error, result.NextOffset.Value));
        Assert.Equal(2, bench.Fetch(FetchRequest.Latest.Value, minBytes: 0).Now().NextOffset.Value);
    }

    [Fact]
    public void The_coordinator_is_asked_once_for_each_transaction_in_the_dialect_of_the_producer()
    {
        var (bench, asked) = (New(), new List<string>());
        bench.Coordinator = (id, request) =>
        {
            asked.Add($"{id} {request.Mode} {request.Producer} {request.Partitions.Single().Partition}");
            return Task.FromResult(new EnlistResult(ErrorCode.None, asked.Count, null));
        };
        Written(bench, 0, "a");
        Written(bench, 1, "b");
        End(bench, epoch: 1);
        Written(bench, 0, epoch: 1, values: "c");
        Assert.Equal("4-4", Text(bench.Append(new AppendRequest(
            Of(0, 0, ["x"], producer: 8), Acks.All, Transaction: "other", Version: TransactionVersion.V1)).Now()));
        Assert.Equal(["id AddByWrite 7:0 3", "id AddByWrite 7:1 3", "other Verify 8:0 3"], asked);
    }

    [Theory]
    [InlineData(ErrorCode.ProducerFenced, ErrorCode.InvalidProducerEpoch)]
    [InlineData(ErrorCode.InvalidTxnState, ErrorCode.InvalidTxnState)]
    [InlineData(ErrorCode.ConcurrentTransactions, ErrorCode.ConcurrentTransactions)]
    [InlineData(ErrorCode.CoordinatorNotAvailable, ErrorCode.CoordinatorNotAvailable)]
    public void What_the_coordinator_does_not_confirm_is_not_appended(ErrorCode answer, ErrorCode error)
    {
        var bench = New();
        bench.Coordinator = (_, _) => Task.FromResult(new EnlistResult(answer, 0, "no"));
        Assert.Equal(error, bench.Append(Transactional(0, 0, "a")).Now().Error);
        Assert.Equal(0, bench.Offsets().LogEnd.Value);
    }

    [Fact]
    public void A_transactional_batch_without_an_id_or_with_another_producers_beside_it_is_refused()
    {
        var bench = New();
        Assert.Equal(ErrorCode.TransactionalIdAuthorizationFailed, bench.Appended(Of(0, 0, ["a"])).Error);
        var two = Batch.Join(Of(0, 0, ["a"]), Of(0, 0, ["b"], producer: 8));
        Assert.Equal(ErrorCode.InvalidRecord, bench.Append(new AppendRequest(two, Acks.All, Transaction: "id")).Now().Error);
        var mixed = Batch.Join(Of(0, 0, ["a"]), Plain(1, "b"));
        Assert.Equal(ErrorCode.InvalidRecord, bench.Append(new AppendRequest(mixed, Acks.All, Transaction: "id")).Now().Error);
        var marker = EndMarkerBatch.Build(new ProducerIdentity(7, 0), true, new Timestamp(1_767_225_600_000));
        Assert.Equal(ErrorCode.InvalidRecord, bench.Append(new AppendRequest(marker, Acks.All, Transaction: "id")).Now().Error);
        bench.AllowsTransactions = false;
        var refused = bench.Append(Transactional(0, 0, "a")).Now();
        Assert.Equal(ErrorCode.UnsupportedForMessageFormat, refused.Error);
        Assert.Contains("feature level 4", refused.Detail, StringComparison.Ordinal);
        Assert.Equal(0, bench.Offsets().LogEnd.Value);
    }

    [Fact]
    public void Appends_that_wait_for_a_silent_coordinator_are_bounded_and_go_on_with_its_answer()
    {
        var size = Of(0, 0, ["first"]).Length;
        var bench = new PartitionBench(log: new PartitionLogOptions { ChunkBytes = size, PendingBytes = size });
        var answer = new TaskCompletionSource<EnlistResult>();
        bench.Coordinator = (_, _) => answer.Task;
        var first = bench.Append(Transactional(0, 0, "first"));
        Assert.False(first.IsCompleted);
        var beyond = bench.Append(Transactional(1, 0, "again"));
        Assert.Equal(ErrorCode.ThrottlingQuotaExceeded, beyond.Now().Error);
        bench.Thread.After(() => answer.SetResult(new EnlistResult(ErrorCode.None, 1, null)));
        Assert.Equal("0-0", Text(first.Now()));
        Assert.Equal("1-1", Text(bench.Append(Transactional(1, 0, "again")).Now()));
    }

    [Fact]
    public void A_coordinator_whose_call_throws_leaves_no_bytes_of_the_append_behind()
    {
        var size = Of(0, 0, ["first"]).Length;
        var bench = new PartitionBench(log: new PartitionLogOptions { ChunkBytes = size, PendingBytes = size });
        bench.Coordinator = (_, _) => throw new InvalidOperationException("a bug");
        Assert.Throws<InvalidOperationException>(() => bench.Append(Transactional(0, 0, "first")).Now());
        bench.Coordinator = (_, _) => Task.FromResult(new EnlistResult(ErrorCode.None, 1, null));
        Assert.Equal("0-0", Text(bench.Append(Transactional(0, 0, "first")).Now()));
    }

    [Fact]
    public void No_record_of_a_transaction_follows_its_marker_when_that_overtakes_the_check()
    {
        var (bench, calls) = (New(), 0);
        var answer = new TaskCompletionSource<EnlistResult>();
        bench.Coordinator = (_, _) => ++calls == 1 ? answer.Task : Task.FromResult(new EnlistResult(ErrorCode.ProducerFenced, 2, null));
        var append = bench.Append(Transactional(0, 0, "late"));
        Assert.False(append.IsCompleted);
        Assert.Equal(ErrorCode.None, End(bench, epoch: 1, commits: false));
        bench.Thread.After(() => answer.SetResult(new EnlistResult(ErrorCode.None, 1, null)));
        Assert.Equal(ErrorCode.InvalidProducerEpoch, append.Now().Error);
        Assert.Equal((1, 1), (bench.Offsets().LogEnd.Value, bench.Offsets().LastStable.Value));
    }

    [Fact]
    public void A_marker_that_is_repeated_while_the_first_is_under_way_is_answered_with_it_and_written_once()
    {
        var bench = New();
        Written(bench, 0, "a");
        var release = bench.Hold("chunk");
        var (first, again) = (bench.End(Marker(1)), bench.End(Marker(1)));
        Assert.False(first.IsCompleted || again.IsCompleted);
        release();
        Assert.Equal((ErrorCode.None, ErrorCode.None), (first.Now(), again.Now()));
        Assert.Equal(ErrorCode.None, End(bench, epoch: 1));
        Assert.Equal(2, bench.Offsets().LogEnd.Value);
    }

    [Fact]
    public void A_marker_that_storage_refuses_leaves_the_transaction_open_until_it_comes_again()
    {
        var bench = New();
        Written(bench, 0, "a");
        var refuse = true;
        bench.Storage.Faults = call => Task.FromResult(
            refuse && call.IsCreate ? StorageFault.Refuse(new StorageFullException("Full.")) : StorageFault.None);
        Assert.Equal(ErrorCode.KafkaStorageError, End(bench, epoch: 1));
        Assert.Equal(0, bench.Offsets().LastStable.Value);
        refuse = false;
        Assert.Equal(ErrorCode.None, End(bench, epoch: 1));
        Assert.Equal("0:a", Committed(bench));
    }

    [Fact]
    public void The_next_owner_asks_for_the_number_of_a_transaction_before_it_believes_a_marker_that_raises_no_epoch()
    {
        var bench = New();
        bench.Coordinator = (_, _) => Task.FromResult(new EnlistResult(ErrorCode.None, 6, null));
        Written(bench, 0, "a");
        var next = New(bench.Storage.Clone());
        next.Coordinator = (_, request) => Task.FromResult(new EnlistResult(
            request.Mode == EnlistMode.Verify ? ErrorCode.ConcurrentTransactions : ErrorCode.None, 6, null));
        Assert.Equal(ErrorCode.None, End(next, epoch: 0, raises: false, number: 5));
        Assert.Equal(0, next.Offsets().LastStable.Value);
        Assert.Equal(ErrorCode.None, End(next, epoch: 0, raises: false, number: 6));
        Assert.Equal("0:a", Committed(next));

        var alone = New(bench.Storage.Clone());
        alone.Coordinator = (_, _) => Task.FromResult(new EnlistResult(ErrorCode.CoordinatorNotAvailable, 0, null));
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, End(alone, epoch: 0, raises: false, number: 6));
        Assert.Equal(0, alone.Offsets().LastStable.Value);
    }

    [Fact]
    public void An_activation_that_only_reads_knows_what_is_committed_and_follows_the_one_that_leads()
    {
        var bench = New();
        bench.Appended("plain");
        Written(bench, 0, "a");
        var reader = New(bench.Storage);
        Assert.Equal("0:plain", Committed(reader));
        Assert.False(reader.Log.IsLeader);
        End(bench, epoch: 1, commits: false);
        Written(bench, 0, epoch: 1, values: "b");
        Assert.Equal("0:plain", Committed(reader));
        reader.Advance(TimeSpan.FromSeconds(2));
        bench.Appended("more");
        Assert.Equal("", Committed(reader, 3));
        End(bench, epoch: 2);
        reader.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("3:b 4:more", Committed(reader, 3));
        Assert.Equal("0:plain 3:b 4:more", Committed(reader));
        Assert.False(reader.Log.IsLeader);
    }

    [Fact]
    public void An_activation_that_reads_a_log_without_producers_sees_the_first_transaction_of_the_one_that_leads()
    {
        var bench = New();
        bench.Appended("plain");
        var reader = New(bench.Storage);
        Assert.Equal("0:plain", Committed(reader));
        Written(bench, 0, "a");
        reader.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("", Committed(reader, 1));
        End(bench, epoch: 1);
        reader.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("1:a", Committed(reader, 1));
    }

    [Fact]
    public void A_transaction_stays_open_across_deletion_and_its_end_is_known_to_later_owners()
    {
        var bench = New();
        Written(bench, 0, "a");
        for (var i = 0; i < 10; i++)
        {
            bench.Appended($"v{i}");
        }

        bench.Thread.Finish(() => bench.Driver.DeleteRecordsAsync(new Offset(6), validateOnly: false).AsTask());
        Assert.Equal((6, 6), (bench.Offsets().LogStart.Value, bench.Offsets().LastStable.Value));
        Assert.Equal("", Committed(bench, 6));
        var next = New(bench.Storage.Clone());
        Assert.Equal((6, 11), (next.Offsets().LastStable.Value, next.Offsets().HighWatermark.Value));
        Written(next, 1, "b");
        Assert.Equal(ErrorCode.None, End(next, epoch: 1, commits: false));
        Assert.Equal("6:v5 7:v6 8:v7 9:v8 10:v9", Committed(New(next.Storage.Clone()), 6));
    }

    [Fact]
    public void Compaction_stops_at_an_open_transaction_and_removes_what_was_aborted()
    {
        var bench = New(KeyBench.Compacted);
        bench.Appended(Keyed("k", "old"));
        bench.Append(new AppendRequest(Keyed("k", "aborted", 0), Acks.All, Transaction: "id")).Now();
        End(bench, epoch: 1, commits: false);
        bench.Appended(Keyed("other", "v"));
        bench.Append(new AppendRequest(Keyed("k", "open", 0, epoch: 1), Acks.All, Transaction: "id")).Now();
        bench.Appended(Keyed("other", "w"));
        Assert.Equal(ErrorCode.None, bench.Thread.Finish(bench.Log.SealAsync));
        KeyBench.Compact(bench);
        Assert.InRange(bench.Log.Compaction.CleanTo.Value, 1, 4);
        Assert.Equal("old", Latest(bench, "k"));
        Assert.Equal("v", Latest(bench, "other"));
        Assert.DoesNotContain("aborted", Batch.Text(bench.Fetched(0)), StringComparison.Ordinal);
        Assert.Equal("0:old 3:v", Committed(bench));

        End(bench, epoch: 2);
        bench.Appended(Keyed("last", "x"));
        Assert.Equal("open", Latest(bench, "k"));
        Assert.Equal("w", Latest(bench, "other"));
        Assert.Equal(ErrorCode.None, bench.Thread.Finish(bench.Log.SealAsync));
        KeyBench.Compact(bench);
        var next = New(KeyBench.Compacted, bench.Storage.Clone());
        Assert.Equal("open w", $"{Latest(next, "k")} {Latest(next, "other")}");
        Assert.Equal("4:open 5:w 7:x", Committed(next));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Whenever_the_owner_crashes_a_transaction_ends_in_one_way_and_hangs_nowhere(bool takesEffect)
    {
        for (var at = 1; ; at++)
        {
            var (bench, calls) = (New(), 0);
            var crash = new TaskCompletionSource<StorageFault>();
            bench.Storage.Faults = call =>
            {
                calls++;
                return calls < at ? Task.FromResult(StorageFault.None)
                    : calls == at && takesEffect ? Task.FromResult(StorageFault.AnswerLate(crash.Task))
                    : crash.Task;
            };
            var (sent, crashed) = (0, false);
            for (; sent < 6 && !crashed; sent++)
            {
                crashed = !Run(bench, sent);
            }

            if (!crashed)
            {
                Assert.InRange(at, 20, 400);
                return;
            }

            // The client and the coordinator repeat what was not answered.
            var next = New(storage: bench.Storage.Clone());
            for (sent--; sent < 7; sent++)
            {
                Assert.True(Run(next, sent), $"crash at call {at}");
            }

            var bounds = next.Offsets();
            Assert.Equal((at, bounds.HighWatermark), (at, bounds.LastStable));
            var (values, expected) = (Committed(next).Split(' ').Select(record => record.Split(':')[1]), Enumerable.Range(0, 7).Where(i => i % 3 != 1));
            Assert.Equal((at, string.Join(' ', expected.Select(i => $"v{i}"))), (at, string.Join(' ', values)));
        }

        // One transaction: every third is aborted.
        static bool Run(PartitionBench bench, int number)
        {
            var append = bench.Append(Transactional(0, (short)number, $"v{number}"));
            if (!append.IsCompleted)
            {
                return false;
            }

            // It may have ended before the crash.
            Assert.True(append.Now().Error is ErrorCode.None or ErrorCode.InvalidProducerEpoch, append.Now().ToString());
            var end = bench.End(new TransactionMarker("id", new ProducerIdentity(7, (short)(number + 1)), true, number % 3 != 1, number + 1));
            return end.IsCompleted && end.Now() == ErrorCode.None;
        }
    }

    private static PartitionBench New(PartitionSettings? settings = null, LossyGrainStorage? storage = null) => new(storage, Small)
    {
        Topic = () => Task.FromResult(new PartitionSettingsResult(ErrorCode.None, settings ?? PartitionBench.Defaults)),
    };

    private static PartitionBench New(LossyGrainStorage storage) => New(null, storage);

    private static AppendRequest Transactional(int sequence, short epoch, params string[] values) =>
        new(Of(sequence, epoch, values), Acks.All, Transaction: "id");

    private static ReadOnlyMemory<byte> Of(int sequence, short epoch, string[] values, long producer = 7) => Batch.Build(
        new Timestamp(1_767_225_600_000),
        builder => (builder.ProducerId, builder.ProducerEpoch, builder.BaseSequence, builder.IsTransactional) = (producer, epoch, sequence, true), values);

    private static ReadOnlyMemory<byte> Plain(int sequence, string value) => Batch.Build(
        new Timestamp(1_767_225_600_000), builder => (builder.ProducerId, builder.ProducerEpoch, builder.BaseSequence) = (7, 0, sequence), value);

    private static ReadOnlyMemory<byte> Keyed(string key, string value, int sequence = -1, short epoch = 0)
    {
        using var builder = new RecordBatchBuilder();
        if (sequence >= 0)
        {
            (builder.ProducerId, builder.ProducerEpoch, builder.BaseSequence, builder.IsTransactional) = (7, epoch, sequence, true);
        }

        Assert.True(builder.Append(new Timestamp(1_767_225_600_000), Encoding.UTF8.GetBytes(key), false, Encoding.UTF8.GetBytes(value), false));
        return builder.Build();
    }

    private static string Written(PartitionBench bench, int sequence, params string[] values) => Text(bench.Append(Transactional(sequence, 0, values)).Now());

    private static string Written(PartitionBench bench, int sequence, short epoch, params string[] values) =>
        Text(bench.Append(Transactional(sequence, epoch, values)).Now());

    private static TransactionMarker Marker(short epoch, bool commits = true, bool raises = true, long number = 1) =>
        new("id", new ProducerIdentity(7, epoch), raises, commits, number);

    private static ErrorCode End(PartitionBench bench, short epoch, bool commits = true, bool raises = true, long number = 1) =>
        bench.End(Marker(epoch, commits, raises, number)).Now();

    private static FetchResult Read(PartitionBench bench, long from) => bench.Fetch(from, minBytes: 0, isolation: IsolationLevel.ReadCommitted).Now();

    private static string Committed(PartitionBench bench, long from = 0)
    {
        var result = Read(bench, from);
        Assert.Equal(ErrorCode.None, result.Error);
        return Text(result);
    }

    private static string Latest(PartitionBench bench, string key)
    {
        var result = bench.Latest(key).Now();
        Assert.Equal(ErrorCode.None, result.Error);
        return Batch.Records(Batch.Join(result.Batch).Span).Single(record => record.Offset == result.Offset.Value).Value;
    }

    /// <summary>What a client shows: no markers, and nothing of aborted transactions.</summary>
    private static string Text(FetchResult result)
    {
        var (records, aborted) = (new List<string>(), new HashSet<long>());
        var open = new Queue<AbortedTransaction>(result.Aborted ?? []);
        for (var rest = Batch.Bytes(result).AsSpan(); !rest.IsEmpty;)
        {
            Assert.Equal(ErrorCode.None, RecordBatch.TryRead(rest, out var batch));
            while (open.TryPeek(out var next) && next.FirstOffset <= batch.LastOffset)
            {
                aborted.Add(open.Dequeue().Producer);
            }

            if (batch.IsControl)
            {
                aborted.Remove(batch.ProducerId);
            }
            else if (!batch.IsTransactional || !aborted.Contains(batch.ProducerId))
            {
                records.AddRange(Batch.Records(batch.Bytes).Select(record => $"{record.Offset}:{record.Value}"));
            }

            rest = rest[batch.SizeInBytes..];
        }

        return string.Join(' ', records);
    }

    private static string Text(AppendResult result) =>
        result.Error == ErrorCode.None ? $"{result.BaseOffset}-{result.LastOffset}" : result.Error.ToString();
}
