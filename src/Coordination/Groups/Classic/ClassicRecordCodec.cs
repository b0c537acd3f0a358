using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Classic;

/// <summary>
/// The encoding of <see cref="ClassicRecord"/> in a group's journal. Big-endian; a text is a 2-byte length and UTF-8; text? may be null, encoded as length
/// 65535; bytes are a 4-byte length and as many bytes.
/// <code>
///   every record    1 layout, 1 | 1 kind | fields
///   1 Begun         4 number
///   2 Formed        4 used | 4 number | text? protocol type | text? protocol | text? leader | 4 count × member
///   3 Replaced      text member id | member
///   4 Ended
///   member          text member id | text? instance id | text client id | text host | 4 session ms | 4 rebalance ms
///                   | 1 count × (text protocol | bytes metadata) | bytes assignment
/// </code>
/// A new field requires a new layout number, which older code refuses. Golden bytes: ClassicRecordCodecTests.
/// </summary>
public static class ClassicRecordCodec
{
    private const byte Layout = 1;
    private const int SmallestMember = 22;

    /// <summary>Writes a record.</summary>
    public static ReadOnlyMemory<byte> Write(ClassicRecord record)
    {
        var writer = new FieldWriter().Byte(Layout);
        switch (record)
        {
            case ClassicRecord.Begun begun:
                writer.Byte(1).Int32(begun.Number);
                break;
            case ClassicRecord.Formed { Generation: var formed }:
                writer.Byte(2).Int32(formed.Used).Int32(formed.Number).Text(formed.ProtocolType).Text(formed.Protocol).Text(formed.Leader?.Value)
                    .Int32(formed.Members.Length);
                foreach (var member in formed.Members)
                {
                    Write(writer, member);
                }

                break;
            case ClassicRecord.Replaced replaced:
                Write(writer.Byte(3).Text(replaced.MemberId.Value), replaced.Successor);
                break;
            case ClassicRecord.Ended:
                writer.Byte(4);
                break;
        }

        return writer.Written;
    }

    /// <summary>Reads a record; false unless the bytes are a valid record of a known layout.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out ClassicRecord? record)
    {
        var reader = new FieldReader(bytes);
        record = reader.Byte() != Layout ? null : reader.Byte() switch
        {
            1 => new ClassicRecord.Begun(reader.Int32()),
            2 => ReadFormed(ref reader),
            3 => TryReadId(ref reader, out var memberId) && ReadMember(ref reader) is { } successor ? new ClassicRecord.Replaced(memberId, successor) : null,
            4 => new ClassicRecord.Ended(),
            _ => null,
        };
        record = reader.IsComplete ? record : null;
        return record is not null;
    }

    private static void Write(FieldWriter writer, ClassicProfile member)
    {
        writer.Text(member.MemberId.Value).Text(member.InstanceId?.Value).Text(member.ClientId).Text(member.Host)
            .Int32((int)member.SessionTimeout.TotalMilliseconds).Int32((int)member.RebalanceTimeout.TotalMilliseconds)
            .Byte(checked((byte)member.Protocols.Length));
        foreach (var protocol in member.Protocols)
        {
            writer.Text(protocol.Name).Bytes(protocol.Metadata.Span);
        }

        writer.Bytes(member.Assignment.Span);
    }

    private static ClassicRecord.Formed? ReadFormed(ref FieldReader reader)
    {
        var (used, number, protocolType, protocol, leader) = (reader.Int32(), reader.Int32(), reader.Text(), reader.Text(), reader.Text());
        var count = reader.Int32();
        MemberId? leaderId = leader is not null && MemberId.TryParse(leader, out var id, out _) ? id : default(MemberId?);
        if (reader.HasFailed || count < 0 || count > reader.Left / SmallestMember || number < 0 || used < number || (leader is null) != (leaderId is null))
        {
            return null;
        }

        var members = ImmutableArray.CreateBuilder<ClassicProfile>(count);
        while (members.Count < count)
        {
            if (ReadMember(ref reader) is not { } member)
            {
                return null;
            }

            members.Add(member);
        }

        var isWhole = (count == 0) == (leaderId is null) && (count == 0) == (protocol is null)
            && (leaderId is null || members.Any(member => member.MemberId == leaderId))
            && members.DistinctBy(member => member.MemberId).Count() == count;
        return isWhole
            ? new ClassicRecord.Formed(new ClassicGeneration(used, number, protocolType, protocol, leaderId, members.MoveToImmutable()))
            : null;
    }

    private static ClassicProfile? ReadMember(ref FieldReader reader)
    {
        if (!TryReadId(ref reader, out var memberId))
        {
            return null;
        }

        GroupInstanceId? instanceId = null;
        if (reader.Text() is { } text)
        {
            if (!GroupInstanceId.TryParse(text, out var instance, out _))
            {
                return null;
            }

            instanceId = instance;
        }

        if (!reader.TryText(out var clientId) || !reader.TryText(out var host))
        {
            return null;
        }

        var (session, rebalance) = (TimeSpan.FromMilliseconds((long)reader.Int32()), TimeSpan.FromMilliseconds((long)reader.Int32()));
        var count = reader.Byte();
        var protocols = ImmutableArray.CreateBuilder<ClassicProtocol>(count);
        while (protocols.Count < count)
        {
            if (!reader.TryText(out var name))
            {
                return null;
            }

            protocols.Add(new ClassicProtocol(name, reader.Bytes()));
        }

        var assignment = reader.Bytes();
        return reader.HasFailed || session <= TimeSpan.Zero || rebalance <= TimeSpan.Zero || count == 0
            ? null
            : new ClassicProfile(memberId, instanceId, clientId, host, session, rebalance, protocols.MoveToImmutable(), assignment);
    }

    private static bool TryReadId(ref FieldReader reader, out MemberId memberId)
    {
        memberId = default;
        return reader.TryText(out var text) && MemberId.TryParse(text, out memberId, out _);
    }
}
