using System.Reflection;
using Loire.TestKit;
using Orleans.Serialization.Invocation;

namespace Loire.Client.Hosting.Tests;

public sealed class LostGatewayFilterTests
{
    private readonly ManualTime _time = new();
    private readonly LostGatewayFilter _filter;

    public LostGatewayFilterTests() => _filter = new LostGatewayFilter(_time);

    [Fact]
    public async Task Calls_under_way_when_a_gateway_is_lost_end_soon_and_later_ones_go_on()
    {
        var (before, after) = (new TaskCompletionSource(), new TaskCompletionSource());
        var cut = _filter.Invoke(new CallTo(before.Task));
        _filter.NotifyGatewayCountChanged(2, 3, connectionRecovered: false);
        var kept = _filter.Invoke(new CallTo(after.Task));
        Assert.False(cut.IsCompleted);
        _time.Advance(LostGatewayFilter.Grace);
        await Assert.ThrowsAsync<SiloUnavailableException>(() => cut);
        before.SetException(new TimeoutException());
        Assert.False(kept.IsCompleted);
        after.SetResult();
        await kept;
    }

    [Fact]
    public async Task Call_that_is_answered_by_another_gateway_in_time_succeeds()
    {
        var answer = new TaskCompletionSource();
        var call = _filter.Invoke(new CallTo(answer.Task));
        _filter.NotifyGatewayCountChanged(2, 3, connectionRecovered: false);
        answer.SetResult();
        await call;
        _time.Advance(LostGatewayFilter.Grace);
    }

    [Fact]
    public async Task Failure_of_a_call_is_its_own()
    {
        var answer = new TaskCompletionSource();
        var call = _filter.Invoke(new CallTo(answer.Task));
        answer.SetException(new TimeoutException());
        await Assert.ThrowsAsync<TimeoutException>(() => call);
    }

    [Fact]
    public async Task New_gateway_ends_nothing()
    {
        var answer = new TaskCompletionSource();
        var call = _filter.Invoke(new CallTo(answer.Task));
        _filter.NotifyGatewayCountChanged(3, 2, connectionRecovered: false);
        Assert.Equal(0, _time.WaitingTimers);
        answer.SetResult();
        await call;
    }

    private sealed class CallTo(Task answer) : IOutgoingGrainCallContext
    {
        public IInvokable Request => throw new NotSupportedException();

        public object Grain => throw new NotSupportedException();

        public MethodInfo InterfaceMethod => throw new NotSupportedException();

        public IGrainContext? SourceContext => null;

        public GrainId? SourceId => null;

        public GrainId TargetId => default;

        public GrainInterfaceType InterfaceType => default;

        public string InterfaceName => "";

        public string MethodName => "";

        public object? Result { get; set; }

        public Response? Response { get; set; }

        public Task Invoke() => answer;
    }
}
