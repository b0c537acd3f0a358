namespace Orleans.Behaviour.Tests;

public interface IPlainGrain : IGrainWithStringKey
{
    Task<string> Hello();

    Task End();
}

/// <summary>A grain class that does not derive from <see cref="Grain"/>.</summary>
public sealed class PlainGrain(IGrainContext context) : IGrainBase, IPlainGrain, IAsyncDisposable
{
    private string _state = "new";

    public IGrainContext GrainContext => context;

    private string Key => context.GrainId.Key.ToString()!;

    public Task OnActivateAsync(CancellationToken token)
    {
        _state = "activated";
        return Task.CompletedTask;
    }

    public Task OnDeactivateAsync(DeactivationReason reason, CancellationToken token)
    {
        Notes.Add(Key, $"deactivated: {reason.ReasonCode}");
        return Task.CompletedTask;
    }

    public Task<string> Hello() => Task.FromResult($"{_state} {context.GrainReference.GrainId.Key}");

    public Task End()
    {
        this.DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        Notes.Add(Key, "disposed");
        return default;
    }
}

public interface IGuidGrain : IGrainWithGuidKey
{
    Task<Guid> Key();
}

public class GuidGrain : Grain, IGuidGrain
{
    public Task<Guid> Key() => Task.FromResult(this.GetPrimaryKey());
}

public interface INumberGrain : IGrainWithIntegerKey
{
    Task<long> Key();
}

public class NumberGrain : Grain, INumberGrain
{
    public Task<long> Key() => Task.FromResult(this.GetPrimaryKeyLong());
}

[Collection(OneSilo.Collection)]
public class PlainGrainTests(OneSilo silo)
{
    [Fact]
    public async Task A_grain_class_need_not_derive_from_Grain()
    {
        var grain = silo.New<IPlainGrain>();
        Assert.Equal($"activated {grain.GetPrimaryKeyString()}", await grain.Hello().Soon());
    }

    [Fact]
    public async Task A_grain_object_is_disposed_of_after_it_was_deactivated()
    {
        var grain = silo.New<IPlainGrain>();
        await grain.Hello().Soon();
        await grain.End().Soon();
        while (Notes.Of(grain).Length < 2)
        {
            await grain.Hello().Soon();
        }

        Assert.Equal(["deactivated: ApplicationRequested", "disposed"], Notes.Of(grain));
    }

    [Fact]
    public async Task Keys_can_be_guids_and_numbers()
    {
        var guid = Guid.NewGuid();
        Assert.Equal(guid, await silo.Grains.GetGrain<IGuidGrain>(guid).Key().Soon());
        Assert.Equal(-7, await silo.Grains.GetGrain<INumberGrain>(-7).Key().Soon());
        Assert.Equal("guid/" + guid.ToString("N"), silo.Grains.GetGrain<IGuidGrain>(guid).GetGrainId().ToString());
        Assert.Equal("number/FF", silo.Grains.GetGrain<INumberGrain>(255).GetGrainId().ToString());
    }
}
