using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Loire.Storage.Disk;

/// <summary>
/// System calls that the base library lacks, or whose errors it hides: on Linux <c>RandomAccess.FlushToDisk</c> and
/// <c>FileStream.Flush(true)</c> return normally when fsync fails, and a directory cannot be opened to be synced.
/// </summary>
internal static partial class Libc
{
    private const int Interrupted = 4;
    private const int OpenReadOnly = 0;
    private const int CloseOnExecLinux = 0x80000;
    private const int CloseOnExecMac = 0x1000000;
    private const int FullSync = 51;
    private const int LockExclusive = 2;
    private const int LockNonBlocking = 4;
    private const int KeepSize = 1;
    private const int NoWait = 8;
    private static readonly bool _mac = OperatingSystem.IsMacOS();
    private static volatile bool _noCachedReads = !OperatingSystem.IsLinux();

    /// <summary>Makes data and length of a file durable.</summary>
    /// <returns>0, or the error number.</returns>
    public static int SyncData(SafeFileHandle file)
    {
        while (true)
        {
            if ((_mac ? Fcntl(file, FullSync) : Fdatasync(file)) == 0)
            {
                return 0;
            }

            // Only EINTR may be retried; every other failure is final.
            if (Marshal.GetLastPInvokeError() is not Interrupted and var error)
            {
                return error;
            }
        }
    }

    /// <summary>Makes the entries of a directory durable.</summary>
    /// <returns>0, or the error number.</returns>
    public static int SyncDirectory(string path)
    {
        using var directory = OpenUnlocked(path);
        while (directory.IsInvalid || Fsync(directory) != 0)
        {
            if (Marshal.GetLastPInvokeError() is not Interrupted and var error)
            {
                return error;
            }
        }

        return 0;
    }

    /// <summary>Opens a file or directory for reading, without the lock that the runtime would take.</summary>
    public static SafeFileHandle OpenUnlocked(string path)
        => new(Open(path, OpenReadOnly | (_mac ? CloseOnExecMac : CloseOnExecLinux)), ownsHandle: true);

    /// <summary>Takes an exclusive lock, which the process holds until it ends.</summary>
    /// <returns>False if another process holds it.</returns>
    public static bool TryLock(SafeFileHandle file) => Flock(file, LockExclusive | LockNonBlocking) == 0;

    /// <summary>Reserves space on the device without changing the length.</summary>
    /// <returns>0, or the error number.</returns>
    public static int Allocate(SafeFileHandle file, long position, long length)
    {
        while (Fallocate(file, KeepSize, position, length) != 0)
        {
            if (Marshal.GetLastPInvokeError() is not Interrupted and var error)
            {
                return error;
            }
        }

        return 0;
    }

    /// <summary>Reads what the page cache holds, never waiting for the device.</summary>
    /// <returns>Bytes read; -1 if nothing could be read at once.</returns>
    public static unsafe long ReadCached(SafeFileHandle file, Span<byte> into, long position)
    {
        if (_noCachedReads)
        {
            return -1;
        }

        fixed (byte* start = into)
        {
            var vector = new IoVector { Start = start, Length = (nuint)into.Length };
            try
            {
                return Preadv2(file, &vector, 1, position, NoWait);
            }
            catch (EntryPointNotFoundException)
            {
                _noCachedReads = true;
                return -1;
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int Fdatasync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Fcntl(SafeFileHandle file, int command);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Flock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Fallocate(SafeFileHandle file, int mode, long position, long length);

    [LibraryImport("libc", EntryPoint = "preadv2", SetLastError = true)]
    private static unsafe partial long Preadv2(SafeFileHandle file, IoVector* vectors, int count, long position, int flags);

    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct IoVector
    {
        public byte* Start;
        public nuint Length;
    }
}
