using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Loire.Storage.Disk;

/// <summary>
/// A directory of the operating system, owned by one process at a time, which holds the lock on its file <c>LOCK</c>.
/// </summary>
internal sealed class DiskDirectory : IStoreDirectory
{
    private const string LockName = "LOCK";
    private const int MaxOpenFiles = 512;
    private readonly OpenHandles _handles;
    private readonly string _path;
    private readonly SafeFileHandle _lock;

    private DiskDirectory(string path, SafeFileHandle lockFile, int maxOpenFiles) => (_path, _lock, _handles) = (path, lockFile, new OpenHandles(maxOpenFiles));

    /// <summary>Locks the directory, which is created if its parent exists.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="maxOpenFiles">How many of its files are open at a time.</param>
    /// <exception cref="IOException">Another process holds the lock, or the directory cannot be used.</exception>
    public static DiskDirectory Take(string path, int maxOpenFiles = MaxOpenFiles)
    {
        path = Path.GetFullPath(path);
        if (!Directory.Exists(path))
        {
            var parent = Path.GetDirectoryName(path);
            if (parent is null || !Directory.Exists(parent))
            {
                throw new DirectoryNotFoundException($"The store's directory {path} cannot be created: {parent} does not exist.");
            }

            Directory.CreateDirectory(path);
            SyncDirectory(parent);
        }

        var lockPath = Path.Combine(path, LockName);
        var lockFile = DiskException.Wrap("Opening", LockName, () => TakeLock(path, lockPath));
        var pid = Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n");
        RandomAccess.SetLength(lockFile, 0);
        RandomAccess.Write(lockFile, pid, 0);
        return new DiskDirectory(path, lockFile, maxOpenFiles);
    }

    public double? FreeShare
    {
        get
        {
            try
            {
                var drive = new DriveInfo(_path);
                return drive.TotalSize > 0 ? (double)drive.AvailableFreeSpace / drive.TotalSize : null;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                return null;
            }
        }
    }

    public IReadOnlyList<string> List()
        => DiskException.Wrap(
            "Listing", _path, () => Directory.GetFiles(_path).Select(file => Path.GetFileName(file)).Where(name => name != LockName).ToList());

    public IStoreFile Open(string name) => OpenFile(name, FileMode.Open);

    public IStoreFile Create(string name) => OpenFile(name, FileMode.CreateNew);

    public void Rename(string from, string to)
    {
        DiskException.Wrap("Renaming", from, () =>
        {
            File.Move(Path.Combine(_path, from), Path.Combine(_path, to), overwrite: true);
            return 0;
        });
    }

    public void Delete(string name)
    {
        DiskException.Wrap("Deletion", name, () =>
        {
            File.Delete(Path.Combine(_path, name));
            return 0;
        });
    }

    public void Sync() => SyncDirectory(_path);

    public void Dispose() => _lock.Dispose();

    private static void SyncDirectory(string path)
    {
        // Windows has no such call; its file systems journal directory entries.
        if (!OperatingSystem.IsWindows() && Libc.SyncDirectory(path) is not 0 and var error)
        {
            throw new DiskException("Sync", path, error);
        }
    }

    private static SafeFileHandle TakeLock(string path, string lockPath)
    {
        SafeFileHandle file;
        try
        {
            var share = OperatingSystem.IsWindows() ? FileShare.Read : FileShare.ReadWrite | FileShare.Delete;
            file = File.OpenHandle(lockPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, share);
        }
        catch (IOException) when (File.Exists(lockPath))
        {
            // The runtime asks for a shared flock on every file it opens, and the owner's is exclusive.
            throw InUse(path, lockPath);
        }

        // Locked explicitly, because an environment variable can disable the runtime's own locks.
        if (!OperatingSystem.IsWindows() && !Libc.TryLock(file))
        {
            file.Dispose();
            throw InUse(path, lockPath);
        }

        return file;
    }

    private static DiskException InUse(string path, string lockPath)
    {
        var owner = "another process";
        try
        {
            using var file = OperatingSystem.IsWindows()
                ? File.OpenHandle(lockPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete)
                : Libc.OpenUnlocked(lockPath);
            var bytes = new byte[32];
            owner = $"process {Encoding.ASCII.GetString(bytes, 0, RandomAccess.Read(file, bytes, 0)).Trim()}";
        }
        catch (IOException)
        {
            // The owner is only named in the message.
        }

        return new DiskException($"The store's directory {path} is in use by {owner}.");
    }

    private DiskFile OpenFile(string name, FileMode mode)
        => DiskException.Wrap("Opening", name, () => new DiskFile(_handles.Add(OpenHandle(name, mode), () => OpenHandle(name, FileMode.Open)), name));

    private SafeFileHandle OpenHandle(string name, FileMode mode)
        => File.OpenHandle(Path.Combine(_path, name), mode, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
}
