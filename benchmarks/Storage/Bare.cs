using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Loire.Storage.Benchmarks;

/// <summary>The yardstick: a loop of gathered write and fdatasync at the end of a file, and nothing else.</summary>
internal sealed partial class Bare : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly string _path;
    private long _position;

    public Bare(string directory, bool writeZerosFirst = false, long zeros = 0)
    {
        _path = Path.Combine(directory, "bare.bin");
        File.Delete(_path);
        _file = File.OpenHandle(_path, FileMode.CreateNew, FileAccess.ReadWrite);
        if (writeZerosFirst)
        {
            var block = new byte[1 << 20];
            for (long position = 0; position < zeros; position += block.Length)
            {
                RandomAccess.Write(_file, block, position);
            }

            Sync();
        }
    }

    public TimeSpan WriteAndSync(IReadOnlyList<ReadOnlyMemory<byte>> pieces)
    {
        var start = Stopwatch.GetTimestamp();
        if (pieces.Count == 1)
        {
            RandomAccess.Write(_file, pieces[0].Span, _position);
        }
        else
        {
            RandomAccess.Write(_file, pieces, _position);
        }

        Sync();
        _position += pieces.Sum(piece => piece.Length);
        return Stopwatch.GetElapsedTime(start);
    }

    public void Dispose()
    {
        _file.Dispose();
        File.Delete(_path);
    }

    private void Sync()
    {
        if (Fdatasync(_file) != 0)
        {
            throw new IOException($"fdatasync failed: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int Fdatasync(SafeFileHandle file);
}
