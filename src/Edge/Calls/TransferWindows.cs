using System.Collections.Concurrent;
using Loire.Edge.Scheduling;
using Loire.Model;

namespace Loire.Edge.Calls;

/// <summary>
/// Bounds the bytes of batches that this process has under way to and from each other broker. A connection of Orleans queues without limit and in
/// order, so a small call waits for every batch before it. Thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="self">The broker in this process, whose batches cross no connection; null if there is none.</param>
/// <param name="bytes">The size of each window, in bytes; a larger transfer has the whole window to itself.</param>
public sealed class TransferWindows(TimeProvider time, int? self, long bytes = Limits.TransferBytes)
{
    /// <summary>
    /// The longest wait for a window. A transfer that began earlier has left the connection and waits for a slow store: it must not keep other
    /// partitions of the broker from being reached.
    /// </summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(250);

    // Of a window. Smaller transfers do not wait: they are what the windows are for.
    private const int SmallestPart = 64;

    private readonly ConcurrentDictionary<int, Window> _windows = new();

    /// <summary>Waits, first come first served, until a broker's window has room, for at most <see cref="LongestWait"/>.</summary>
    /// <param name="broker">The broker that leads the partition, as far as the caller knows.</param>
    /// <param name="size">The bytes of the batches that are to be sent, or that are expected; a small part of a window needs none.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>To be disposed when the call has been answered.</returns>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public ValueTask<Transfer> BeginAsync(int broker, long size, CancellationToken cancellation = default) =>
        size <= Bytes / SmallestPart || broker == self
            ? default
            : _windows.GetOrAdd(broker, static (_, windows) => new Window(windows), this).BeginAsync(Math.Min(size, Bytes), cancellation);

    private TimeProvider Time => time;

    private long Bytes => bytes;

    /// <summary>A part of a window.</summary>
    public readonly struct Transfer : IDisposable
    {
        private readonly Window? _window;
        private readonly long _size;

        internal Transfer(Window window, long size) => (_window, _size) = (window, size);

        /// <summary>Makes room for the next transfer.</summary>
        public void Dispose() => _window?.End(_size);
    }

    internal sealed class Window(TransferWindows windows)
    {
        private readonly Lock _lock = new();
        private readonly LinkedList<Waiter> _waiting = [];
        private long _free = windows.Bytes;

        public ValueTask<Transfer> BeginAsync(long size, CancellationToken cancellation)
        {
            LinkedListNode<Waiter> place;
            lock (_lock)
            {
                if (_waiting.Count == 0 && size <= _free)
                {
                    _free -= size;
                    return new(new Transfer(this, size));
                }

                place = _waiting.AddLast(new Waiter(size));
            }

            return WaitAsync(place, cancellation);
        }

        public void End(long size)
        {
            lock (_lock)
            {
                _free += size;
                Admit();
            }
        }

        private async ValueTask<Transfer> WaitAsync(LinkedListNode<Waiter> place, CancellationToken cancellation)
        {
            var waiter = place.Value;
            try
            {
                await BackgroundWork.WaitAsync(waiter.Task, LongestWait, windows.Time, cancellation);
            }
            catch (TimeoutException)
            {
                Leave(place, begins: true);
            }
            catch (OperationCanceledException)
            {
                Leave(place, begins: false);
                throw;
            }

            return new Transfer(this, waiter.Size);
        }

        /// <summary>Ends a wait before its turn. It may have had its turn a moment ago; then it has its part of the window already.</summary>
        private void Leave(LinkedListNode<Waiter> place, bool begins)
        {
            lock (_lock)
            {
                var isWaiting = place.List is not null;
                if (isWaiting)
                {
                    _waiting.Remove(place);
                }

                _free += (isWaiting, begins) switch
                {
                    (true, true) => -place.Value.Size,
                    (false, false) => place.Value.Size,
                    _ => 0,
                };
                Admit();
            }
        }

        private void Admit()
        {
            while (_waiting.First is { } first && first.Value.Size <= _free)
            {
                _free -= first.Value.Size;
                _waiting.Remove(first);
                first.Value.SetResult();
            }
        }
    }

    internal sealed class Waiter(long size) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public long Size => size;
    }
}
