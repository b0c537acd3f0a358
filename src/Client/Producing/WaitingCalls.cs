namespace Loire.Client;

/// <summary>The calls that wait for the records of a batch.</summary>
internal sealed class WaitingCalls
{
    // Takes the list's place once the batch has ended.
    private static readonly PendingDelivery Closed = new();

    private PendingDelivery? _last;

    /// <summary>Adds a call; completes it at once if the batch has ended.</summary>
    public void Add(PendingDelivery call)
    {
        var last = Volatile.Read(ref _last);
        while (last != Closed)
        {
            call.Next = last;
            var seen = Interlocked.CompareExchange(ref _last, call, last);
            if (seen == last)
            {
                return;
            }

            last = seen;
        }

        call.Next = null;
        call.Complete();
    }

    /// <summary>Completes every call, in the order in which they came.</summary>
    public void Complete()
    {
        PendingDelivery? first = null;
        for (var call = Interlocked.Exchange(ref _last, Closed); call is not null;)
        {
            (call.Next, first, call) = (first, call, call.Next);
        }

        while (first is not null)
        {
            // Completed, it may be reused by the next call at once.
            var call = first;
            first = call.Next;
            call.Complete();
        }
    }
}
