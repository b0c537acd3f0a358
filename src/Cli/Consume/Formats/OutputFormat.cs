using System.Buffers;

namespace Loire.Cli.Consume.Formats;

/// <summary>An output format of records.</summary>
internal abstract class OutputFormat
{
    public virtual void Begin(IBufferWriter<byte> to)
    {
    }

    public abstract void Write(IBufferWriter<byte> to, in ShownRecord record);

    public virtual void End(IBufferWriter<byte> to)
    {
    }
}

/// <summary>kcat's plain format: the value and a delimiter, preceded by the key if requested.</summary>
internal sealed class PlainFormat(byte[]? keyDelimiter, byte[] delimiter, bool showsNull) : OutputFormat
{
    public override void Write(IBufferWriter<byte> to, in ShownRecord record)
    {
        if (keyDelimiter is not null)
        {
            to.Write(record.KeyIsNull && showsNull ? "NULL"u8 : record.Key);
            to.Write(keyDelimiter);
        }

        to.Write(record.ValueIsNull && showsNull ? "NULL"u8 : record.Value);
        to.Write(delimiter);
    }
}
