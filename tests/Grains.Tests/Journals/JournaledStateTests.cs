using System.Diagnostics.CodeAnalysis;
using System.Text;
using Loire.Coordination;
using Loire.Grains.Journals;
using Loire.Grains.Tests.Benches;
using Loire.Log;
using Loire.Log.Journals;
using Loire.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Grains.Tests.Journals;

public class JournaledStateTests
{
    private static int _writers;
    private readonly LossyGrainStorage _storage = new();
    private readonly DriverThread _thread = new();
    private readonly List<ErrorCode> _failures = [];

    [Fact]
    public void Changes_build_on_each_other_immediately_and_are_answered_when_durable()
    {
        var state = NewState();
        Change(state, "a").Now();
        var release = HoldWrites();
        var b = Change(state, "b");
        var c = Change(state, "c");
        var read = Read(state);
        Assert.Equal(("abc", "a"), (state.State, state.DurableState));
        Assert.False(b.IsCompleted || c.IsCompleted || read.IsCompleted);
        release();

        Assert.Equal((ErrorCode.None, "ab"), (b.Now().Error, b.Now().Detail));
        Assert.Equal((ErrorCode.None, "abc"), (c.Now().Error, c.Now().Detail));
        Assert.Equal((ErrorCode.None, "abc"), read.Now());
        Assert.Equal("abc", state.DurableState);
        Assert.Equal("abc", Read(NewState()).Now().Text);
    }

    [Fact]
    public void Changes_made_during_a_write_share_the_next_one()
    {
        var state = NewState();
        Change(state, "a").Now();
        var release = HoldWrites();
        var writes = 0;
        _storage.Changed = _ => writes++;
        var changes = Enumerable.Range(0, 100).Select(_ => Change(state, "b")).ToList();
        Assert.True(state.PendingBytes > 0);
        release();

        Assert.All(changes, change => Assert.Equal(ErrorCode.None, change.Now().Error));
        Assert.Equal((2, 0L), (writes, state.PendingBytes));
    }

    [Fact]
    public void A_refusal_waits_for_the_change_that_it_builds_on()
    {
        var state = NewState();
        Change(state, "a").Now();
        var release = HoldWrites();
        var change = Change(state, "b");
        var refused = _thread.Start(() => state.ChangeAsync(
            text => Decision<string>.Refuse(ErrorCode.InvalidRequest, $"not after {text}")));
        Assert.False(refused.IsCompleted);
        release();
        Assert.Equal((ErrorCode.InvalidRequest, "not after ab"), (refused.Now().Error, refused.Now().Detail));
        Assert.Equal(ErrorCode.None, change.Now().Error);
    }

    [Fact]
    public void After_a_failed_write_all_pending_changes_fail_and_the_durable_state_is_read_again()
    {
        var state = NewState();
        Change(state, "a").Now();
        var release = HoldWrites(StorageFault.Refuse(new StorageFullException("no space left")));
        var lost = Change(state, "b");
        var builtOnIt = Change(state, "c");
        var read = Read(state);
        release();

        Assert.Equal((ErrorCode.KafkaStorageError, ErrorCode.KafkaStorageError), (lost.Now().Error, builtOnIt.Now().Error));
        Assert.Equal((ErrorCode.KafkaStorageError, null), read.Now());
        Assert.Equal([ErrorCode.KafkaStorageError], _failures);
        _storage.Faults = null;
        Assert.Equal("a", Read(state).Now().Text);
        Assert.Equal("ad", Change(state, "d").Now().Detail);
        Assert.Equal("ad", Read(NewState()).Now().Text);
    }

    [Fact]
    public void Many_changes_are_stored_as_a_snapshot_and_the_records_after_it()
    {
        var state = NewState();
        for (var i = 0; i < 300; i++)
        {
            Assert.Equal(ErrorCode.None, Change(state, i % 10 + "").Now().Error);
        }

        Assert.InRange(_storage.Keys.Count(), 1, 40);
        var next = NewState();
        Assert.Equal(string.Concat(Enumerable.Range(0, 300).Select(i => i % 10)), Read(next).Now().Text);
        Assert.True(next.HasRecords);
    }

    [Fact]
    public void An_older_owner_learns_at_its_next_change_that_it_has_been_superseded()
    {
        var (old, next) = (NewState(), NewState());
        Change(old, "a").Now();
        Change(next, "b").Now();
        Assert.Equal(ErrorCode.NotController, Change(old, "lost").Now().Error);
        Assert.Equal([ErrorCode.NotController], _failures);
        Assert.Equal("ab", Read(old).Now().Text);
    }

    [Fact]
    public void A_refresh_finds_what_another_owner_has_appended()
    {
        var (reader, writer) = (NewState(), NewState());
        Assert.Equal("", Read(reader).Now().Text);
        Change(writer, "a").Now();
        Assert.Equal("", reader.State);

        Assert.Equal(ErrorCode.None, Refresh(reader).Now());
        Assert.Equal("a", reader.State);
        Change(writer, "b").Now();
        Assert.Equal("ab", Read(reader).Now().Text);
        Assert.Equal([ErrorCode.NotController, ErrorCode.NotController], _failures);

        Assert.Equal("abc", Change(reader, "c").Now().Detail);
        Refresh(writer).Now();
        Assert.Equal("abc", Read(writer).Now().Text);
    }

    [Fact]
    public void A_refresh_never_finds_the_state_empty_that_another_call_is_reading_again()
    {
        var state = NewState();
        Change(state, "a").Now();
        var (look, reopening) = (new TaskCompletionSource<StorageFault>(), new TaskCompletionSource<StorageFault>());
        _storage.Faults = call => call.Operation == StorageOperation.Read ? Task.FromResult(StorageFault.AnswerLate(look.Task))
            : Task.FromResult(StorageFault.Refuse(new StorageFullException("no space left")));
        var seen = _thread.Start(async () => (await state.RefreshAsync(), state.DurableState));
        Assert.False(seen.IsCompleted);
        Assert.Equal(ErrorCode.KafkaStorageError, Change(state, "b").Now().Error);
        _storage.Faults = call => Task.FromResult(
            call.Operation == StorageOperation.Read ? StorageFault.AnswerLate(reopening.Task) : StorageFault.None);
        var again = Refresh(state);
        _thread.After(() => look.SetResult(StorageFault.None));
        Assert.False(again.IsCompleted);
        _storage.Faults = null;
        _thread.After(() => reopening.SetResult(StorageFault.None));
        Assert.Equal(ErrorCode.None, again.Now());
        Assert.Equal((ErrorCode.None, "a"), seen.Now());
    }

    [Fact]
    public void A_refresh_without_news_keeps_the_state_and_reads_little()
    {
        var state = NewState();
        Assert.Equal(ErrorCode.None, Refresh(state).Now());
        Change(state, "a").Now();
        var calls = _storage.Calls;
        Assert.Equal(ErrorCode.None, Refresh(state).Now());
        Assert.Equal(1, _storage.Calls - calls);

        var reader = NewState();
        Read(reader).Now();
        calls = _storage.Calls;
        Assert.Equal(ErrorCode.None, Refresh(reader).Now());
        Assert.Equal(2, _storage.Calls - calls);
        Assert.Empty(_failures);
    }

    [Fact]
    public void A_refresh_that_cannot_read_storage_fails_and_keeps_the_state()
    {
        var state = NewState();
        Change(state, "a").Now();
        _storage.Faults = _ => Task.FromResult(StorageFault.Refuse(new IOException("unplugged")));
        Assert.Equal(ErrorCode.KafkaStorageError, Refresh(state).Now());
        _storage.Faults = null;
        Assert.Equal(ErrorCode.None, Refresh(state).Now());
        Assert.Equal("ab", Change(state, "b").Now().Detail);
    }

    [Fact]
    public void A_deleted_journal_is_empty_and_may_be_created_again_under_new_keys()
    {
        var state = NewState();
        Change(state, "a").Now();
        var before = _storage.Keys;
        Assert.Equal(ErrorCode.None, _thread.Finish(state.DeleteAsync));
        Assert.Equal(("", false), (state.State, state.HasRecords));
        Assert.Empty(_storage.Keys);

        Change(state, "b").Now();
        Assert.Equal(["loire|log/test/head"], _storage.Keys.Intersect(before));
        Assert.Equal("b", Read(NewState()).Now().Text);
    }

    [Fact]
    public void An_interrupted_deletion_is_completed_by_the_next_opening()
    {
        var state = NewState();
        Change(state, "a").Now();
        _storage.Faults = call => Task.FromResult(
            call.Operation == StorageOperation.Clear ? StorageFault.Refuse(new IOException("unplugged")) : StorageFault.None);
        Assert.Equal(ErrorCode.KafkaStorageError, _thread.Finish(state.DeleteAsync));
        _storage.Faults = null;
        Assert.Equal("", Read(NewState()).Now().Text);
    }

    [Fact]
    public void Records_that_cannot_be_read_fail_the_opening()
    {
        Change(NewState(), "a").Now();
        Change(NewState(), "#").Now();
        var state = NewState();
        Assert.Equal((ErrorCode.KafkaStorageError, null), Read(state).Now());
        Assert.Equal([ErrorCode.KafkaStorageError], _failures);
    }

    private JournaledState<string, string> NewState() => new(
        new JournalSource("test", id => new Journal(
            _storage, id, new Guid(Interlocked.Increment(ref _writers), 4, 4, new byte[8]), new JournalOptions { SnapshotAfterBytes = 100 },
            new ManualTime())),
        new TextCodec(), ErrorCode.NotController, NullLogger.Instance, _failures.Add);

    /// <summary>Adds text; the detail of the decision is the state after it.</summary>
    private Task<Decision<string>> Change(JournaledState<string, string> state, string text) => _thread.Start(
        () => state.ChangeAsync(before => new Decision<string>(ErrorCode.None, before + text, [text])));

    private Task<(ErrorCode Error, string? Text)> Read(JournaledState<string, string> state) =>
        _thread.Start(() => state.ReadAsync(static text => text));

    private Task<ErrorCode> Refresh(JournaledState<string, string> state) => _thread.Start(() => state.RefreshAsync());

    private Action HoldWrites(StorageFault? then = null)
    {
        var held = new TaskCompletionSource();
        _storage.Faults = async call =>
        {
            if (call.Operation == StorageOperation.Write)
            {
                await held.Task.ConfigureAwait(false);
                return then ?? StorageFault.None;
            }

            return StorageFault.None;
        };
        return () => _thread.After(held.SetResult);
    }

    /// <summary>A state that is all its records one after the other; '#' is written and cannot be read.</summary>
    private sealed class TextCodec : IJournalCodec<string, string>
    {
        public string New() => "";

        public string Apply(string state, string record) => state + record;

        public string Snapshot(string state) => state;

        public ReadOnlyMemory<byte> Write(string record) => Encoding.ASCII.GetBytes(record);

        public bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out string? record)
        {
            record = Encoding.ASCII.GetString(bytes);
            return record != "#";
        }
    }
}
