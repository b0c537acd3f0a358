using Orleans.Activations;
using Orleans.Runtime;

namespace Orleans.Calls;

/// <summary>
/// One call on its way: made by a proxy, queued at an activation, run there, and answered at most once, by whichever comes first of the
/// grain's answer, the end of the caller's patience, the caller's cancellation, or the end of the silo.
/// </summary>
internal abstract class Request
{
    private int _answered;

    /// <summary>Whether it may start while any other request runs.</summary>
    public abstract bool IsAlwaysInterleave { get; }

    /// <summary>Whether it may start while another read-only request runs.</summary>
    public abstract bool IsReadOnly { get; }

    /// <summary>Whether its end counts as use of the activation.</summary>
    public virtual bool IsKeepAlive => true;

    /// <summary>
    /// Whether it belongs to this one activation: it still runs while that waits to be deactivated, and ends with it instead of moving on.
    /// </summary>
    public virtual bool IsLocalOnly => false;

    /// <summary>The values of <see cref="RequestContext"/> that travel with it.</summary>
    public Dictionary<string, object>? Context { get; set; }

    /// <summary>How often it met an activation that was about to end.</summary>
    public int ForwardCount { get; set; }

    public bool IsAnswered => Volatile.Read(ref _answered) != 0;

    /// <summary>The call chain that may come back, if the caller said so.</summary>
    public Guid ReentrancyId =>
        Context is not null && Context.TryGetValue(RequestContext.ReentrancyKey, out var id) ? (Guid)id : Guid.Empty;

    /// <summary>The next one in the queue of an activation; see <see cref="RequestQueue"/>, which owns these two.</summary>
    public Request? NextWaiting { get; set; }

    public int RunningIndex { get; set; }

    /// <summary>
    /// Starts the request, as a turn of <paramref name="activation"/>. True if it has ended; if not, it tells <see
    /// cref="Activation.OnEnded"/> when it has. Never throws.
    /// </summary>
    public abstract bool Run(Activation activation);

    /// <summary>Answers with an error.</summary>
    public abstract void Fail(Exception error);

    /// <summary>Called by whoever wants to answer; true for the first.</summary>
    protected bool TryAnswer()
    {
        if (Interlocked.Exchange(ref _answered, 1) != 0)
        {
            return false;
        }

        OnAnswered();
        return true;
    }

    protected virtual void OnAnswered()
    {
    }
}
