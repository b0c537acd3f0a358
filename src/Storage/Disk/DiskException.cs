namespace Loire.Storage.Disk;

/// <summary>The operating system refused an operation on a file or directory of the store.</summary>
internal sealed class DiskException : IOException
{
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    public DiskException(string message)
        : base(message)
    {
    }

    public DiskException(string operation, string name, int errno)
        : base($"{operation} of {name} failed: {System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(errno)} (error {errno}).")
        => IsFull = errno is NoSpace or QuotaExceeded;

    public DiskException(string operation, string name, Exception inner)
        : base($"{operation} of {name} failed: {inner.Message}", inner)
        => IsFull = inner is IOException && inner.HResult is NoSpace or QuotaExceeded or WindowsDiskFull;

    /// <summary>Whether the device has no space left.</summary>
    public bool IsFull { get; }

    /// <summary>Runs <paramref name="action"/> and wraps its failure.</summary>
    public static T Wrap<T>(string operation, string name, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is (IOException and not DiskException) or UnauthorizedAccessException)
        {
            throw new DiskException(operation, name, e);
        }
    }
}
