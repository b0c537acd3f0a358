namespace Orleans.Behaviour.Tests;

[GenerateSerializer]
public sealed class RefusedException(string message, int code) : Exception(message)
{
    [Id(0)]
    public int Code { get; } = code;
}

public interface IFailingGrain : IGrainWithStringKey
{
    Task<int> FailAtOnce(string message);

    ValueTask<int> FailLater(string message);

    ValueTask FailWithCode(string message, int code);

    Task FailThrough(string other, string message);

    Task<int> CallsSoFar();
}

public class FailingGrain : Grain, IFailingGrain
{
    private int _calls;

    public Task<int> FailAtOnce(string message)
    {
        _calls++;
        throw new ArgumentException(message);
    }

    public async ValueTask<int> FailLater(string message)
    {
        _calls++;
        await Task.Yield();
        return ThrowFromInside(message);
    }

    public ValueTask FailWithCode(string message, int code) => throw new RefusedException(message, code);

    public async Task FailThrough(string other, string message) => await GrainFactory.GetGrain<IFailingGrain>(other).FailLater(message);

    public Task<int> CallsSoFar() => Task.FromResult(_calls);

    private static int ThrowFromInside(string message) => throw new FormatException(message);
}

[Collection(OneSilo.Collection)]
public class FailureTests(OneSilo silo)
{
    private readonly IFailingGrain _grain = silo.New<IFailingGrain>();

    [Fact]
    public async Task What_a_grain_throws_at_once_arrives_with_its_type_and_message()
    {
        var error = await Assert.ThrowsAsync<ArgumentException>(() => _grain.FailAtOnce("not this").Soon());
        Assert.Equal("not this", error.Message);
    }

    [Fact]
    public async Task What_a_grain_throws_later_arrives_with_the_grain_s_stack()
    {
        var error = await Assert.ThrowsAsync<FormatException>(() => _grain.FailLater("nor that").AsTask().Soon());
        Assert.Equal("nor that", error.Message);
        Assert.Contains("ThrowFromInside", error.StackTrace, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_exception_of_the_application_arrives_with_its_data()
    {
        var error = await Assert.ThrowsAsync<RefusedException>(() => _grain.FailWithCode("refused", 7).AsTask().Soon());
        Assert.Equal(("refused", 7), (error.Message, error.Code));
    }

    [Fact]
    public async Task An_exception_passes_through_a_grain_that_does_not_catch_it()
    {
        var error = await Assert.ThrowsAsync<FormatException>(() => _grain.FailThrough(Guid.NewGuid().ToString("N"), "deep").Soon());
        Assert.Equal("deep", error.Message);
    }

    [Fact]
    public async Task A_failed_request_does_not_end_the_activation()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => _grain.FailAtOnce("").Soon());
        await Assert.ThrowsAsync<FormatException>(() => _grain.FailLater("").AsTask().Soon());
        Assert.Equal(2, await _grain.CallsSoFar().Soon());
    }
}
