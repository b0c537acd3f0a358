using Orleans.Activations;
using Orleans.Runtime;

namespace Orleans.Calls;

/// <summary>
/// A request made on a grain reference. The compiled proxies derive one class for each method, with the arguments as fields.
/// </summary>
internal abstract class Call(GrainMethod method) : Request
{
    private Caller _caller = null!;
    private CallCancellation? _cancellation;

    public GrainMethod Method { get; } = method;

    public GrainReference Target { get; private set; } = null!;

    /// <summary>Where the caller's patience is kept; see <see cref="OutstandingCalls"/>, which owns these four.</summary>
    public OutstandingCalls.Shard? Outstanding { get; set; }

    public Call? Previous { get; set; }

    public Call? Next { get; set; }

    public long Deadline { get; set; }

    public TimeSpan Timeout { get; set; }

    public sealed override bool IsAlwaysInterleave => Method.IsAlwaysInterleave;

    public sealed override bool IsReadOnly => Method.IsReadOnly;

    /// <summary>The token among the arguments. The grain gets another one, which is cancelled as a turn of the grain.</summary>
    public virtual CancellationToken Token
    {
        get => default;
        set => throw new NotSupportedException();
    }

    public override string ToString() => $"{Method} on {Target.GrainId}";

    protected void Post(GrainReference target)
    {
        Token.ThrowIfCancellationRequested();
        Target = target;
        Context = RequestContext.Current;
        _caller = RuntimeContext.Current?.Silo ?? target.Host;
        if (!Method.IsOneWay)
        {
            _caller.Outstanding.Add(this, Method.ResponseTimeout ?? _caller.ResponseTimeout);
        }

        if (Token.CanBeCanceled)
        {
            _cancellation = new CallCancellation(this, Token);
        }

        _caller.Send(this);
    }

    public void TimeOut()
    {
        if (_caller.CancelRequestOnTimeout)
        {
            _cancellation?.CancelGrain();
        }

        Fail(new TimeoutException($"{this} was not answered within {Timeout}."));
    }

    /// <summary>Puts the grain's own token among the arguments, in the turn that calls the grain.</summary>
    protected void BindToken(Activation activation)
    {
        if (_cancellation is not null)
        {
            Token = _cancellation.Bind(activation);
        }
    }

    protected void Ended() => _cancellation?.Unbind();

    protected override void OnAnswered()
    {
        Outstanding?.Remove(this);
        _cancellation?.StopListening();
    }
}
