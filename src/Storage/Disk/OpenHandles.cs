using Microsoft.Win32.SafeHandles;

namespace Loire.Storage.Disk;

/// <summary>
/// Bounds the handles of a directory's files: when one more is opened, the one that was used longest ago is closed, and opened again at its next use.
/// A file with bytes that were written and not synced keeps its handle, because only that one learns of their loss. Thread-safe.
/// </summary>
/// <param name="max">How many handles may be open, those of written files not counted against others; at least 1.</param>
internal sealed class OpenHandles(int max)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Place> _used = new();

    /// <summary>Adds a file.</summary>
    /// <param name="handle">Its first handle.</param>
    /// <param name="open">Opens it again.</param>
    public Place Add(SafeFileHandle handle, Func<SafeFileHandle> open)
    {
        var place = new Place(this, open);
        SafeFileHandle? closing;
        lock (_lock)
        {
            closing = Put(place, handle);
        }

        closing?.Dispose();
        return place;
    }

    /// <summary>Keeps the handle as the one used last; returns one to close.</summary>
    private SafeFileHandle? Put(Place place, SafeFileHandle handle)
    {
        place.Handle = handle;
        _used.AddLast(place.Node);
        if (_used.Count <= max)
        {
            return null;
        }

        for (var node = _used.First; node is not null && node.Value != place; node = node.Next)
        {
            if (!node.Value.IsWritten)
            {
                _used.Remove(node);
                var closing = node.Value.Handle;
                node.Value.Handle = null;
                return closing;
            }
        }

        return null;
    }

    /// <summary>One file.</summary>
    internal sealed class Place : IDisposable
    {
        private readonly OpenHandles _all;
        private readonly Func<SafeFileHandle> _open;
        private bool _isDisposed;

        public Place(OpenHandles all, Func<SafeFileHandle> open) => (_all, _open, Node) = (all, open, new LinkedListNode<Place>(this));

        /// <summary>The handle; null while it is closed.</summary>
        public SafeFileHandle? Handle { get; set; }

        /// <summary>Whether bytes were written since the last sync.</summary>
        public bool IsWritten { get; private set; }

        /// <summary>The place in the order of use.</summary>
        public LinkedListNode<Place> Node { get; }

        /// <summary>Takes the handle for one call, opening the file if necessary.</summary>
        /// <param name="writes">Whether the call writes, so that the handle stays open until <see cref="Synced"/>.</param>
        /// <exception cref="ObjectDisposedException">The file is closed for good.</exception>
        public Lease Take(bool writes = false)
        {
            lock (_all._lock)
            {
                ObjectDisposedException.ThrowIf(_isDisposed, this);
                IsWritten |= writes;
                if (Handle is { } open)
                {
                    _all._used.Remove(Node);
                    _all._used.AddLast(Node);
                    return new Lease(open);
                }
            }

            var (opened, closing) = (_open(), default(SafeFileHandle));
            try
            {
                lock (_all._lock)
                {
                    ObjectDisposedException.ThrowIf(_isDisposed, this);
                    closing = Handle is null ? _all.Put(this, opened) : opened;
                    return new Lease(Handle!);
                }
            }
            catch
            {
                opened.Dispose();
                throw;
            }
            finally
            {
                closing?.Dispose();
            }
        }

        /// <summary>Says that everything written is durable.</summary>
        public void Synced()
        {
            lock (_all._lock)
            {
                IsWritten = false;
            }
        }

        public void Dispose()
        {
            SafeFileHandle? closing;
            lock (_all._lock)
            {
                _isDisposed = true;
                closing = Handle;
                Handle = null;
                if (closing is not null)
                {
                    _all._used.Remove(Node);
                }
            }

            closing?.Dispose();
        }
    }

    /// <summary>A handle that is not closed before this is disposed of.</summary>
    internal readonly ref struct Lease
    {
        private readonly bool _isHeld;

        public Lease(SafeFileHandle handle)
        {
            Handle = handle;
            handle.DangerousAddRef(ref _isHeld);
        }

        public SafeFileHandle Handle { get; }

        public void Dispose()
        {
            if (_isHeld)
            {
                Handle.DangerousRelease();
            }
        }
    }
}
