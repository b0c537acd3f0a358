using System.Buffers;
using Loire.Cli.Consume.Formats;
using Loire.Cli.Terminals;

namespace Loire.Cli.Consume.Reading;

/// <summary>Writes records to standard output in large blocks.</summary>
internal sealed class RecordOutput(OutputFormat format, Stream to)
{
    private const int FlushBytes = 64 * 1024;

    private readonly ArrayBufferWriter<byte> _buffer = new(2 * FlushBytes);
    private bool _isOpen = true;

    /// <summary>Records written, those since the last flush included.</summary>
    public long Count { get; private set; }

    public void Begin()
    {
        format.Begin(_buffer);
        Flush();
    }

    public void Write(in ShownRecord record)
    {
        format.Write(_buffer, record);
        Count++;
        if (_buffer.WrittenCount >= FlushBytes)
        {
            Flush();
        }
    }

    /// <summary>Flushes what was written.</summary>
    /// <exception cref="OutputClosedException">The reader of standard output has closed it.</exception>
    public void Flush()
    {
        if (_buffer.WrittenCount == 0)
        {
            return;
        }

        try
        {
            to.Write(_buffer.WrittenSpan);
            to.Flush();
        }
        catch (OutputClosedException)
        {
            _isOpen = false;
            throw;
        }

        _buffer.ResetWrittenCount();
    }

    /// <summary>Completes the document, even if an error follows, unless the output is closed.</summary>
    public void End()
    {
        if (_isOpen)
        {
            format.End(_buffer);
            Flush();
        }
    }
}
