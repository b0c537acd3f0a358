namespace Orleans.Behaviour.Tests;

public interface ICancellableGrain : IGrainWithStringKey
{
    Task WaitForCancellation(string entered, CancellationToken cancellation);

    ValueTask<int> IgnoreCancellation(string stage, CancellationToken cancellation);

    Task PassOn(string other, string entered, CancellationToken cancellation);

    Task Ping();
}

public class CancellableGrain : Grain, ICancellableGrain
{
    public async Task WaitForCancellation(string entered, CancellationToken cancellation)
    {
        var own = TaskScheduler.Current;
        using var registration = cancellation.Register(() => this.Note(TaskScheduler.Current == own ? "told in a turn" : "told elsewhere"));
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var second = cancellation.Register(cancelled.SetResult);
        Stage.Of(entered).Open();
        _ = Stage.Of(entered).Enter();
        await cancelled.Task;
        this.Note("cancelled");
        cancellation.ThrowIfCancellationRequested();
    }

    public async ValueTask<int> IgnoreCancellation(string stage, CancellationToken cancellation)
    {
        await Stage.Of(stage).Enter();
        this.Note("went on");
        return 1;
    }

    public Task PassOn(string other, string entered, CancellationToken cancellation) =>
        GrainFactory.GetGrain<ICancellableGrain>(other).WaitForCancellation(entered, cancellation);

    public Task Ping() => Task.CompletedTask;
}

[Collection(OneSilo.Collection)]
public class CancellationTests(OneSilo silo)
{
    private readonly ICancellableGrain _grain = silo.New<ICancellableGrain>();
    private readonly Stage _stage = new();
    private readonly CancellationTokenSource _source = new();

    [Fact]
    public async Task Cancelling_at_the_caller_cancels_the_token_in_the_grain_as_a_turn_of_the_grain()
    {
        var call = _grain.WaitForCancellation(_stage.Name, _source.Token);
        await _stage.Entered;
        await _source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.Soon());
        await _grain.Ping().Soon();
        Assert.Equal(["told in a turn", "cancelled"], Notes.Of(_grain));
    }

    [Fact]
    public async Task The_caller_is_free_at_once_even_if_the_grain_ignores_the_token()
    {
        var call = _grain.IgnoreCancellation(_stage.Name, _source.Token).AsTask();
        await _stage.Entered;
        await _source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.Soon());
        Assert.Empty(Notes.Of(_grain));
        _stage.Open();
        await _grain.Ping().Soon();
        Assert.Equal(["went on"], Notes.Of(_grain));
    }

    [Fact]
    public async Task Cancellation_reaches_the_grain_that_the_token_was_passed_on_to()
    {
        var other = silo.New<ICancellableGrain>();
        var call = _grain.PassOn(other.GetPrimaryKeyString(), _stage.Name, _source.Token);
        await _stage.Entered;
        await _source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.Soon());
        await other.Ping().Soon();
        Assert.Equal(["told in a turn", "cancelled"], Notes.Of(other));
    }

    [Fact]
    public async Task A_call_with_a_token_that_is_cancelled_already_is_not_made()
    {
        await _source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _grain.WaitForCancellation(_stage.Name, _source.Token));
        await _grain.Ping().Soon();
        Assert.False(_stage.HasEntered);
    }

    [Fact]
    public async Task Cancelling_after_the_answer_changes_nothing()
    {
        _stage.Open();
        Assert.Equal(1, await _grain.IgnoreCancellation(_stage.Name, _source.Token).AsTask().Soon());
        await _source.CancelAsync();
        await _grain.Ping().Soon();
    }
}
