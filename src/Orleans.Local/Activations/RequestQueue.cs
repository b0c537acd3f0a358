using Orleans.Calls;

namespace Orleans.Activations;

/// <summary>
/// The requests of one activation, waiting in order of arrival and running, and the rules by which a waiting one may start while others
/// run. Not synchronized: the activation's gate guards it.
/// <para>
/// The <em>blocking</em> request is the first one that was started alone and does not always interleave. What keeps the others out is that
/// request, not all that run: when it ends, the next one starts, even if a read-only or a call-back request that came in meanwhile still
/// runs. So does Orleans, and code must hold under it.
/// </para>
/// </summary>
internal sealed class RequestQueue(bool reentrant)
{
    private readonly List<Request> _running = [];
    private Request? _first;
    private Request? _last;

    // The last waiting request known not to be startable as things are; null for none. Without it each arrival would look at the whole
    // queue.
    private Request? _examined;
    private Request? _blocking;
    private Dictionary<Guid, int>? _reentrantSections;

    public bool IsRunning => _running.Count > 0;

    public bool IsWaiting => _first is not null;

    public IReadOnlyList<Request> Running => _running;

    public void Add(Request request)
    {
        request.NextWaiting = null;
        if (_last is null)
        {
            _first = request;
        }
        else
        {
            _last.NextWaiting = request;
        }

        _last = request;
    }

    /// <summary>Takes the first waiting request that may start, which then counts as running; null if none may.</summary>
    public Request? StartNext(bool onlyLocal)
    {
        while ((_examined is null ? _first : _examined.NextWaiting) is { } candidate)
        {
            if (MayStart(candidate) && (!onlyLocal || candidate.IsLocalOnly))
            {
                Unlink(candidate);
                candidate.RunningIndex = _running.Count;
                _running.Add(candidate);
                if (!candidate.IsAlwaysInterleave)
                {
                    _blocking ??= candidate;
                }

                return candidate;
            }

            _examined = candidate;
        }

        return null;
    }

    public void End(Request request)
    {
        var last = _running[^1];
        _running[request.RunningIndex] = last;
        last.RunningIndex = request.RunningIndex;
        _running.RemoveAt(_running.Count - 1);
        if (_blocking == request)
        {
            _blocking = null;
        }

        _examined = null;
    }

    public List<Request> TakeWaiting()
    {
        List<Request> waiting = [];
        for (var request = _first; request is not null; request = request.NextWaiting)
        {
            waiting.Add(request);
        }

        _first = _last = _examined = null;
        return waiting;
    }

    public void EnterReentrantSection(Guid id)
    {
        _reentrantSections ??= [];
        _reentrantSections[id] = _reentrantSections.GetValueOrDefault(id) + 1;
        _examined = null;
    }

    public void ExitReentrantSection(Guid id)
    {
        var left = _reentrantSections![id] - 1;
        if (left > 0)
        {
            _reentrantSections[id] = left;
        }
        else
        {
            _reentrantSections.Remove(id);
        }
    }

    private bool MayStart(Request request) =>
        _blocking is null
        || _running.Count == 0
        || reentrant
        || request.IsAlwaysInterleave
        || (request.IsReadOnly && _blocking.IsReadOnly)
        || (_reentrantSections is { Count: > 0 } && _reentrantSections.ContainsKey(request.ReentrancyId));

    private void Unlink(Request request)
    {
        if (_examined is null)
        {
            _first = request.NextWaiting;
        }
        else
        {
            _examined.NextWaiting = request.NextWaiting;
        }

        if (_last == request)
        {
            _last = _examined;
        }

        request.NextWaiting = null;
    }
}
