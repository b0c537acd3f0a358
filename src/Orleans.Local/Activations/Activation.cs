using Orleans.Calls;
using Orleans.Cluster;
using Orleans.Runtime;
using Orleans.Scheduling;
using Orleans.Storage;

namespace Orleans.Activations;

/// <summary>
/// One activation of a grain on a silo: takes requests, starts them when their turn comes, and walks through its states.
/// <code>
/// Creating ──► Activating ──► Valid ──► Deactivating ──► Gone
///     └─────────────┴──────────────────────┘              ▲
///      (the silo is killed, in any state) ────────────────┘
/// </code>
/// Requests wait while it is created and activated. They also wait in <c>Deactivating</c>, while those that run come to their end; then the
/// grain is deactivated, the directory forgets it, and those that waited go on to the next activation, or fail if this one failed to
/// activate. <c>Gone</c> takes no more requests.
/// </summary>
internal sealed class Activation : IGrainContext
{
    // After this many the other turns of the grain have theirs.
    private const int RequestsAtATime = 64;

    private readonly TurnScheduler _scheduler;
    private readonly RequestQueue _requests;
    private readonly GrainObject _grain;
    private readonly Dictionary<string, object>? _firstContext;
    private readonly Idleness _idleness;
    private readonly TaskCompletionSource _deactivated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private State _state = State.Creating;
    private State _deactivatedFrom;
    private DeactivationReason _reason;
    private CancellationTokenSource? _patience;
    private GrainReference? _reference;

    // A step to the next state is due, and is taken once no request runs. While it is taken, no request starts.
    private bool _stepDue = true;
    private bool _stepping;

    public Activation(Silo silo, GrainClass grainClass, GrainId grainId, Dictionary<string, object>? firstContext)
    {
        Silo = silo;
        Class = grainClass;
        GrainId = grainId;
        _firstContext = firstContext;
        _idleness = new Idleness(silo);
        Whereabouts = new Whereabouts(this);
        _requests = new RequestQueue(grainClass.IsReentrant);
        _scheduler = new TurnScheduler(this, silo.Workers);
        _grain = new GrainObject(this);
    }

    private enum State
    {
        Creating,
        Activating,
        Valid,
        Deactivating,
        Gone,
    }

    public Silo Silo { get; }

    public Whereabouts Whereabouts { get; }

    public GrainClass Class { get; }

    public GrainId GrainId { get; }

    public GrainReference GrainReference => _reference ??= Class.CreateReference(GrainId, Silo);

    public object? GrainInstance => _grain.Instance;

    public IServiceProvider ActivationServices => _grain.Services;

    public IGrainLifecycle ObservableLifecycle => _grain.Lifecycle;

    public Task Deactivated => _deactivated.Task;

    public bool Equals(IGrainContext? other) => ReferenceEquals(this, other);

    public override string ToString() => $"{GrainId} on {Silo.Address}";

    /// <summary>Queues a request; false if the activation is gone.</summary>
    public bool TryQueue(Request request)
    {
        bool schedule;
        lock (_scheduler.Gate)
        {
            if (_state == State.Gone)
            {
                return false;
            }

            _requests.Add(request);
            schedule = _scheduler.QueueLook();
        }

        ScheduleIf(schedule);
        return true;
    }

    /// <summary>A turn: takes the step that is due, or starts the requests that may start.</summary>
    public void StartRequests()
    {
        var clean = ExecutionContext.Capture()!;
        Request? ended = null;
        for (var started = 0; Next(ended) is { } request; started++)
        {
            ended = Start(request) ? request : null;

            // What the grain left in async locals is not for the next request.
            ExecutionContext.Restore(clean);
            if (started == RequestsAtATime)
            {
                LookAgain(ended);
                return;
            }
        }
    }

    /// <summary>A request that was started and did not end at once has ended.</summary>
    public void OnEnded(Request request) => LookAgain(request);

    /// <summary>
    /// A request failed. One that says that this activation's own write lost ends the activation: what it knows is out of date.
    /// </summary>
    public void OnFailed(Request request, Exception error, bool reported)
    {
        if (!reported)
        {
            Silo.Log.UnreportedFailure(error, request, this);
        }

        if (error is InconsistentStateException { IsSourceActivation: true } inconsistent)
        {
            inconsistent.IsSourceActivation = false;
            Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationError, $"A write lost: {error.Message}"));
        }
    }

    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default)
    {
        bool schedule;
        CancellationTokenSource? interrupted;
        lock (_scheduler.Gate)
        {
            if (_state is State.Deactivating or State.Gone)
            {
                return;
            }

            (_deactivatedFrom, _state) = (_state, State.Deactivating);
            _reason = deactivationReason;
            interrupted = _patience;
            _patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            _patience.CancelAfter(Silo.Collection.DeactivationTimeout);
            _stepDue = true;
            schedule = _scheduler.QueueLook();
        }

        // An activation under way is not waited for.
        interrupted?.Cancel();
        ScheduleIf(schedule);
    }

    /// <summary>The silo was killed: nothing more starts, no step is taken, and whoever waits here gets <paramref name="error"/>.</summary>
    public void Abandon(Exception error)
    {
        List<Request> abandoned;
        lock (_scheduler.Gate)
        {
            if (_state == State.Gone)
            {
                return;
            }

            _state = State.Gone;
            abandoned = [.. _requests.Running, .. _requests.TakeWaiting()];
        }

        _grain.StopTimers();
        Whereabouts.Clear();
        Silo.Forget(this);
        _deactivated.TrySetResult();
        foreach (var request in abandoned)
        {
            request.Fail(error);
        }
    }

    /// <summary>Deactivates if nothing used this for <paramref name="age"/>; true if so.</summary>
    public bool CollectIfIdle(TimeSpan age)
    {
        lock (_scheduler.Gate)
        {
            if (_state != State.Valid || _requests.IsRunning || _requests.IsWaiting || !_idleness.HasLasted(age))
            {
                return false;
            }
        }

        Deactivate(new DeactivationReason(DeactivationReasonCode.ActivationIdle, "The grain was not used for long enough."));
        return true;
    }

    public void DelayDeactivation(TimeSpan timeSpan)
    {
        lock (_scheduler.Gate)
        {
            _idleness.Delay(timeSpan);
        }
    }

    public IGrainTimer RegisterTimer<TState>(
        Func<TState, CancellationToken, Task> callback, TState state, GrainTimerCreationOptions options) =>
        _grain.RegisterTimer(callback, state, options);

    public void Forget(GrainTimer timer) => _grain.Forget(timer);

    public void EnterReentrantSection(Guid id)
    {
        lock (_scheduler.Gate)
        {
            _requests.EnterReentrantSection(id);
        }
    }

    public void ExitReentrantSection(Guid id)
    {
        lock (_scheduler.Gate)
        {
            _requests.ExitReentrantSection(id);
        }
    }

    /// <summary>Runs <paramref name="action"/> as a turn: now if this is one, else when its turn comes.</summary>
    public void RunTurn(Action action)
    {
        if (RuntimeContext.Current == this)
        {
            action();
            return;
        }

        using (ExecutionContext.SuppressFlow())
        {
            _ = Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _scheduler);
        }
    }

    private void LookAgain(Request? ended)
    {
        bool schedule;
        lock (_scheduler.Gate)
        {
            if (ended is not null)
            {
                End(ended);
            }

            schedule = (_requests.IsWaiting || _stepDue) && _scheduler.QueueLook();
        }

        ScheduleIf(schedule);
    }

    private Request? Next(Request? ended)
    {
        lock (_scheduler.Gate)
        {
            if (ended is not null)
            {
                End(ended);
            }

            if (_stepping || _state == State.Gone)
            {
                return null;
            }

            if (!_stepDue || _requests.IsRunning)
            {
                return _requests.StartNext(onlyLocal: _state == State.Deactivating);
            }

            (_stepDue, _stepping) = (false, true);
        }

        _ = StepAsync();
        return null;
    }

    private bool Start(Request request)
    {
        // It timed out, or its caller is gone, while it waited.
        if (request.IsAnswered)
        {
            return true;
        }

        if (request.Context is not null)
        {
            RequestContext.Current = request.Context;
        }

        return request.Run(this);
    }

    private void End(Request request)
    {
        _requests.End(request);
        if (request.IsKeepAlive)
        {
            _idleness.Begin();
        }
    }

    private async Task StepAsync()
    {
        await (_state == State.Creating ? ActivateAsync() : FinishAsync());
        bool schedule;
        lock (_scheduler.Gate)
        {
            _stepping = false;
            schedule = _scheduler.QueueLook();
        }

        ScheduleIf(schedule);
    }

    private async Task ActivateAsync()
    {
        CancellationToken patience;
        lock (_scheduler.Gate)
        {
            _state = State.Activating;
            _patience = new CancellationTokenSource(Silo.Collection.ActivationTimeout);
            patience = _patience.Token;
        }

        try
        {
            await _grain.StartAsync(_firstContext, patience);
            lock (_scheduler.Gate)
            {
                if (_state == State.Activating)
                {
                    _state = State.Valid;
                    _idleness.Begin();
                    _patience.Dispose();
                    _patience = null;
                }
            }
        }
        catch (Exception error)
        {
            Silo.Log.ActivationFailed(error, this);
            Deactivate(new DeactivationReason(DeactivationReasonCode.ActivationFailed, error, "The grain failed to activate."));
        }
    }

    private async Task FinishAsync()
    {
        await _grain.StopAsync(_reason, wasActive: _deactivatedFrom == State.Valid, _patience!.Token);
        Silo.Forget(this);
        List<Request> waiting;
        lock (_scheduler.Gate)
        {
            _state = State.Gone;
            waiting = _requests.TakeWaiting();
            _patience.Dispose();
        }

        Whereabouts.Clear();

        _deactivated.TrySetResult();
        foreach (var request in waiting)
        {
            if (request is Call call)
            {
                Silo.Forward(call, _reason.Exception);
            }
        }
    }

    private void ScheduleIf(bool schedule)
    {
        if (schedule)
        {
            _scheduler.Schedule();
        }
    }
}
