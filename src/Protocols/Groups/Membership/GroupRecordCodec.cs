using System.Diagnostics.CodeAnalysis;

namespace Loire.Protocols.Groups.Membership;

/// <summary>The bytes of <see cref="GroupRecord"/> in a group's journal.</summary>
public static class GroupRecordCodec
{
    private const byte Layout = 1;

    /// <summary>Writes a record.</summary>
    public static ReadOnlyMemory<byte> Write(GroupRecord record)
    {
        Loire.Model.Invariant.Check(record is not null);
        return new FieldWriter().Byte(Layout).Written;
    }

    /// <summary>Reads a record; false if the bytes are no record of a known layout.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out GroupRecord? record)
    {
        record = null;
        return new FieldReader(bytes).Byte() == Layout && record is not null;
    }
}
