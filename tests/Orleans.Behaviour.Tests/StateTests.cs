using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace Orleans.Behaviour.Tests;

[GenerateSerializer]
public sealed class Counter
{
    [Id(0)]
    public int Value { get; set; }

    [Id(1)]
    public List<string> Names { get; set; } = [];
}

public interface IStatefulGrain : IGrainWithStringKey
{
    Task<string> Activation();

    Task<int> ValueWhenActivated();

    Task<int> Value();

    Task<string> Version();

    Task Write(int value);

    Task ChangeWithoutWriting(int value);

    Task Clear();

    Task Read();

    Task<bool> WriteAndCatch(int value);

    Task WriteThrough(IStatefulGrain other, int value);

    Task<string> UseOutsideOfTurns();

    Task End();
}

public class StatefulGrain(
    [PersistentState("counter", "memory")] IPersistentState<Counter> counter,
    [PersistentState("other")] IPersistentState<Counter> other) : Grain, IStatefulGrain
{
    private readonly string _activation = Guid.NewGuid().ToString("N");
    private int _whenActivated;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _whenActivated = counter.State.Value;
        Assert.False(other.RecordExists);
        return Task.CompletedTask;
    }

    public Task<string> Activation() => Task.FromResult(_activation);

    public Task<int> ValueWhenActivated() => Task.FromResult(_whenActivated);

    public Task<int> Value() => Task.FromResult(counter.State.Value);

    public Task<string> Version() => Task.FromResult($"{counter.RecordExists} {(counter.Etag is null ? "none" : "some")}");

    public Task Write(int value)
    {
        counter.State.Value = value;
        return counter.WriteStateAsync();
    }

    public Task ChangeWithoutWriting(int value)
    {
        counter.State.Value = value;
        return Task.CompletedTask;
    }

    public Task Clear() => counter.ClearStateAsync();

    public Task Read() => counter.ReadStateAsync();

    public async Task<bool> WriteAndCatch(int value)
    {
        try
        {
            await Write(value);
            return true;
        }
        catch (InconsistentStateException)
        {
            return false;
        }
    }

    public Task WriteThrough(IStatefulGrain grain, int value) => grain.Write(value);

    public async Task<string> UseOutsideOfTurns()
    {
        try
        {
            return $"{await Task.Run(() => counter.State.Value)}";
        }
        catch (InvalidOperationException)
        {
            return "refused";
        }
    }

    public Task End()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}

[Collection(OneSilo.Collection)]
public class StateTests(OneSilo silo)
{
    private readonly IStatefulGrain _grain = silo.New<IStatefulGrain>();

    private IGrainStorage Storage => silo.Services.GetRequiredKeyedService<IGrainStorage>("memory");

    [Fact]
    public async Task A_state_that_storage_does_not_know_is_new()
    {
        Assert.Equal(0, await _grain.Value().Soon());
        Assert.Equal("False none", await _grain.Version().Soon());
    }

    [Fact]
    public async Task A_state_is_loaded_before_the_grain_is_activated()
    {
        await _grain.Write(7).Soon();
        Assert.Equal("True some", await _grain.Version().Soon());
        await _grain.End().Soon();
        Assert.Equal(7, await _grain.ValueWhenActivated().Soon());
        Assert.Equal("True some", await _grain.Version().Soon());
    }

    [Fact]
    public async Task What_was_not_written_is_lost_with_the_activation()
    {
        await _grain.Write(7).Soon();
        await _grain.ChangeWithoutWriting(8).Soon();
        await _grain.End().Soon();
        Assert.Equal(7, await _grain.Value().Soon());
    }

    [Fact]
    public async Task Reading_replaces_what_is_in_memory()
    {
        await _grain.Write(7).Soon();
        await _grain.ChangeWithoutWriting(8).Soon();
        await _grain.Read().Soon();
        Assert.Equal(7, await _grain.Value().Soon());
    }

    [Fact]
    public async Task A_cleared_state_is_new_and_can_be_written_again()
    {
        await _grain.Write(7).Soon();
        await _grain.Clear().Soon();
        Assert.Equal(0, await _grain.Value().Soon());
        Assert.Equal("False none", await _grain.Version().Soon());
        await _grain.Write(8).Soon();
        await _grain.End().Soon();
        Assert.Equal(8, await _grain.Value().Soon());
    }

    [Fact]
    public async Task A_write_that_loses_fails_and_ends_the_activation_whose_write_it_was()
    {
        await _grain.Write(7).Soon();
        var old = await _grain.Activation().Soon();
        await WriteBehindTheGrainsBack(9);
        await Assert.ThrowsAsync<InconsistentStateException>(() => _grain.Write(8).Soon());
        Assert.NotEqual(old, await _grain.Activation().Soon());
        Assert.Equal(9, await _grain.Value().Soon());
    }

    [Fact]
    public async Task A_write_that_loses_does_not_end_the_activations_that_the_exception_passes_through()
    {
        await _grain.Write(7).Soon();
        await WriteBehindTheGrainsBack(9);
        var caller = silo.New<IStatefulGrain>();
        var old = await caller.Activation().Soon();
        await Assert.ThrowsAsync<InconsistentStateException>(() => caller.WriteThrough(_grain, 8).Soon());
        Assert.Equal(old, await caller.Activation().Soon());
    }

    [Fact]
    public async Task A_write_that_loses_does_not_end_an_activation_that_catches_the_exception()
    {
        await _grain.Write(7).Soon();
        await WriteBehindTheGrainsBack(9);
        var old = await _grain.Activation().Soon();
        Assert.False(await _grain.WriteAndCatch(8).Soon());
        Assert.Equal(old, await _grain.Activation().Soon());
        await _grain.Read().Soon();
        Assert.True(await _grain.WriteAndCatch(8).Soon());
    }

    [Fact]
    public async Task A_state_is_refused_outside_of_turns()
    {
        Assert.Equal("refused", await _grain.UseOutsideOfTurns().Soon());
    }

    [Fact]
    public async Task Storage_gives_each_write_a_new_etag_and_accepts_only_the_last()
    {
        var id = GrainId.Create("storage", Guid.NewGuid().ToString("N"));
        var state = new GrainState<Counter>(new Counter { Value = 1 });
        await Storage.WriteStateAsync("s", id, state);
        Assert.True(state.RecordExists);
        var first = state.ETag;
        Assert.NotNull(first);
        state.State!.Value = 2;
        await Storage.WriteStateAsync("s", id, state);
        Assert.NotEqual(first, state.ETag);

        var stale = new GrainState<Counter>(new Counter { Value = 3 }, first);
        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.WriteStateAsync("s", id, stale));
        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.ClearStateAsync("s", id, stale));

        var read = new GrainState<Counter>();
        await Storage.ReadStateAsync("s", id, read);
        Assert.Equal((2, state.ETag, true), (read.State!.Value, read.ETag, read.RecordExists));
    }

    [Fact]
    public async Task Storage_without_an_etag_creates_only_what_is_not_there()
    {
        var id = GrainId.Create("storage", Guid.NewGuid().ToString("N"));
        var first = new GrainState<Counter>(new Counter { Value = 1 });
        var second = new GrainState<Counter>(new Counter { Value = 2 });
        await Storage.WriteStateAsync("s", id, first);
        var error = await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.WriteStateAsync("s", id, second));
        Assert.Equal(first.ETag, error.StoredEtag);
        Assert.Null(second.ETag);
        await Storage.ClearStateAsync("s", id, first);
        Assert.Equal((null, false), (first.ETag, first.RecordExists));
        await Storage.WriteStateAsync("s", id, second);
    }

    [Fact]
    public async Task Storage_says_what_it_does_not_know_with_an_empty_state()
    {
        var state = new GrainState<Counter>(new Counter { Value = 5 }, "stale") { RecordExists = true };
        await Storage.ReadStateAsync("s", GrainId.Create("storage", Guid.NewGuid().ToString("N")), state);
        Assert.Equal((0, null, false), (state.State!.Value, state.ETag, state.RecordExists));
    }

    [Fact]
    public async Task Storage_keeps_what_was_written_and_not_what_the_writer_made_of_it_later()
    {
        var id = GrainId.Create("storage", Guid.NewGuid().ToString("N"));
        var written = new GrainState<Counter>(new Counter { Names = ["a"] });
        await Storage.WriteStateAsync("s", id, written);
        written.State!.Names.Add("b");
        var read = new GrainState<Counter>();
        await Storage.ReadStateAsync("s", id, read);
        Assert.Equal(["a"], read.State!.Names);
    }

    [Fact]
    public async Task States_of_different_names_and_grains_are_different_states()
    {
        var id = GrainId.Create("storage", Guid.NewGuid().ToString("N"));
        var other = GrainId.Create("storage", Guid.NewGuid().ToString("N"));
        await Storage.WriteStateAsync("s", id, new GrainState<Counter>(new Counter { Value = 1 }));
        await Storage.WriteStateAsync("t", id, new GrainState<Counter>(new Counter { Value = 2 }));
        await Storage.WriteStateAsync("s", other, new GrainState<Counter>(new Counter { Value = 3 }));
        var read = new GrainState<Counter>();
        await Storage.ReadStateAsync("s", id, read);
        Assert.Equal(1, read.State!.Value);
    }

    private async Task WriteBehindTheGrainsBack(int value)
    {
        var state = new GrainState<Counter>();
        await Storage.ReadStateAsync("counter", _grain.GetGrainId(), state);
        state.State!.Value = value;
        await Storage.WriteStateAsync("counter", _grain.GetGrainId(), state);
    }
}
