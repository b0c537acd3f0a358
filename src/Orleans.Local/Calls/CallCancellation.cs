using Orleans.Activations;

namespace Orleans.Calls;

/// <summary>
/// Carries the cancellation of a call. The caller gets its <see cref="OperationCanceledException"/> at once, whatever the grain does; the
/// grain's own token is cancelled as a turn of the grain, so that what is registered with it stays single-threaded.
/// </summary>
internal sealed class CallCancellation
{
    private readonly Call _call;
    private readonly CancellationToken _token;
    private readonly CancellationTokenSource _grain = new();
    private readonly CancellationTokenRegistration _registration;
    private readonly Lock _gate = new();
    private Activation? _activation;
    private bool _cancelled;
    private bool _ended;

    public CallCancellation(Call call, CancellationToken token)
    {
        _call = call;
        _token = token;
        _registration = token.UnsafeRegister(static self => ((CallCancellation)self!).Cancel(), this);
    }

    public CancellationToken Bind(Activation activation)
    {
        lock (_gate)
        {
            _activation = activation;
            if (_cancelled)
            {
                _grain.Cancel();
            }
        }

        return _grain.Token;
    }

    public void Unbind()
    {
        lock (_gate)
        {
            _ended = true;
        }
    }

    // Unregister and not Dispose: this may run within the callback that Dispose would wait for.
    public void StopListening() => _registration.Unregister();

    public void CancelGrain()
    {
        Activation? activation;
        lock (_gate)
        {
            if (_cancelled || _ended)
            {
                return;
            }

            _cancelled = true;
            activation = _activation;
        }

        activation?.RunTurn(_grain.Cancel);
    }

    private void Cancel()
    {
        CancelGrain();
        _call.Fail(new OperationCanceledException(_token));
    }
}
