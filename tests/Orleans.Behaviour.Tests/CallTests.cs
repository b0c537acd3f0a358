using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Concurrency;
using Orleans.Configuration;

namespace Orleans.Behaviour.Tests;

[GenerateSerializer]
[Immutable]
public sealed record Parcel([property: Id(0)] ReadOnlyMemory<byte> Content);

public interface ICalledGrain : IGrainWithStringKey
{
    Task WaitForCancellation(string stage, CancellationToken cancellation);

    Task IgnoreCancellation(string stage, CancellationToken cancellation);

    [ResponseTimeout("00:00:01")]
    Task WaitOneSecond(string stage);

    [OneWay]
    Task StartAndFail(string stage);

    ValueTask<int> Fail(string message);

    Task<Parcel> Keep(Parcel parcel);

    [AlwaysInterleave]
    Task<string> Key();
}

public class CalledGrain : Grain, ICalledGrain
{
    internal static ConcurrentDictionary<string, Parcel> Kept { get; } = new();

    public async Task WaitForCancellation(string stage, CancellationToken cancellation)
    {
        _ = Stage.Of(stage).Enter();
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellation).ContinueWith(_ => this.Note("cancelled"), TaskScheduler.Current);
        cancellation.ThrowIfCancellationRequested();
    }

    public Task IgnoreCancellation(string stage, CancellationToken cancellation) => WaitAndNote(stage);

    public Task WaitOneSecond(string stage) => WaitAndNote(stage);

    public async Task StartAndFail(string stage)
    {
        await WaitAndNote(stage);
        throw new InvalidOperationException("Nobody hears this.");
    }

    public async ValueTask<int> Fail(string message)
    {
        await Task.Yield();
        throw new ArgumentException(message);
    }

    public Task<Parcel> Keep(Parcel parcel)
    {
        Kept[this.GetPrimaryKeyString()] = parcel;
        return Task.FromResult(parcel);
    }

    public Task<string> Key() => Task.FromResult(this.GetPrimaryKeyString());

    private async Task WaitAndNote(string stage)
    {
        await Stage.Of(stage).Enter();
        this.Note("went on");
    }
}

/// <summary>What becomes of a call.</summary>
[Collection(OneSilo.Collection)]
public class CallTests(OneSilo silo)
{
    private readonly ICalledGrain _grain = silo.New<ICalledGrain>();
    private readonly Stage _stage = new();
    private readonly CancellationTokenSource _source = new();

    [Fact]
    public async Task A_caller_that_cancels_cancels_the_token_in_the_grain()
    {
        var call = _grain.WaitForCancellation(_stage.Name, _source.Token);
        await _stage.Entered;
        await _source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.Soon());
        await Notes.Reached(_grain, 1);
        Assert.Equal(["cancelled"], Notes.Of(_grain));
    }

    [Fact]
    public async Task A_caller_that_cancels_is_free_at_once_even_if_the_grain_goes_on()
    {
        var call = _grain.IgnoreCancellation(_stage.Name, _source.Token);
        await _stage.Entered;
        await _source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.Soon());
        Assert.Empty(Notes.Of(_grain));
        _stage.Open();
        await Notes.Reached(_grain, 1);
    }

    [Fact]
    public async Task A_call_that_is_not_answered_in_time_fails_and_the_grain_goes_on_regardless()
    {
        await Assert.ThrowsAsync<TimeoutException>(() => _grain.WaitOneSecond(_stage.Name).Soon());
        Assert.True(_stage.HasEntered);
        Assert.Empty(Notes.Of(_grain));
        _stage.Open();
        await Notes.Reached(_grain, 1);
    }

    [Fact]
    public async Task A_request_that_timed_out_before_its_turn_is_not_run()
    {
        var (late, after) = (new Stage(), new Stage());
        var running = _grain.WaitOneSecond(_stage.Name);
        await _stage.Entered;
        await Assert.ThrowsAsync<TimeoutException>(() => _grain.WaitOneSecond(late.Name).Soon());
        await Assert.ThrowsAsync<TimeoutException>(() => running.Soon());
        _stage.Open();
        after.Open();
        await _grain.IgnoreCancellation(after.Name, default).Soon();
        Assert.False(late.HasEntered);
    }

    [Fact]
    public async Task A_call_that_meets_a_full_queue_is_rejected_and_never_runs()
    {
        await using var cluster = Silos.Build(1, builder => builder.Services.Configure<SiloMessagingOptions>(
            options => (options.MaxEnqueuedRequestsSoftLimit, options.MaxEnqueuedRequestsHardLimit) = (1, 1)));
        await cluster.DeployAsync();
        var grain = cluster.Client.GetGrain<ICalledGrain>("full");
        var running = grain.IgnoreCancellation(_stage.Name, default);
        await _stage.Entered;

        // Whichever of them come in time to wait, the others are rejected.
        var (queued, stage) = (new List<Task>(), new Stage());
        for (var i = 0; i < 4; i++)
        {
            queued.Add(grain.IgnoreCancellation(stage.Name, default));
        }

        var first = await Task.WhenAny(queued).Soon();
        await Assert.ThrowsAsync<LimitExceededException>(() => first);
        Assert.False(stage.HasEntered);
        _stage.Open();
        stage.Open();
        await running.Soon();
        await Task.WhenAll(queued).ContinueWith(_ => { }, TaskScheduler.Default).Soon();
        Assert.Equal(1 + queued.Count(task => task.IsCompletedSuccessfully), Notes.Of(grain).Length);
    }

    [Fact]
    public async Task A_one_way_call_neither_waits_for_the_grain_nor_learns_of_its_failure()
    {
        await _grain.StartAndFail(_stage.Name).Soon();
        await _stage.Entered;
        _stage.Open();
        await Notes.Reached(_grain, 1);
        Assert.Equal(_grain.GetPrimaryKeyString(), await _grain.Key().Soon());
    }

    [Fact]
    public async Task An_exception_arrives_with_its_type_and_message_and_the_activation_stays()
    {
        await _grain.Keep(new Parcel(new byte[1])).Soon();
        var error = await Assert.ThrowsAsync<ArgumentException>(() => _grain.Fail("not this").AsTask().Soon());
        Assert.Equal("not this", error.Message);
    }

    [Fact]
    public async Task An_immutable_argument_and_result_are_not_copied_within_a_silo()
    {
        var grain = silo.Services.GetRequiredService<IGrainFactory>().GetGrain<ICalledGrain>(_grain.GetPrimaryKeyString());
        var parcel = new Parcel(new byte[] { 1, 2, 3 });
        Assert.Same(parcel, await grain.Keep(parcel).Soon());
        Assert.Same(parcel, CalledGrain.Kept[_grain.GetPrimaryKeyString()]);
    }
}
