using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Loire.Model;
using Loire.Model.Transactions;
using Loire.WebApi.Errors;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Http;

namespace Loire.WebApi.Records.Produce;

/// <summary>What a produce asks for beyond being appended: that a repetition is recognized, or that the log ends where the client believes.</summary>
/// <param name="Key">The key that a repetition has too; null without one.</param>
/// <param name="Producer">The producer; <see cref="ProducerIdentity.None"/> without one.</param>
/// <param name="Sequence">The sequence of its first record.</param>
/// <param name="ExpectedOffset">The offset that the first record must get; null for any.</param>
internal sealed record ProduceTerms(string? Key, ProducerIdentity Producer, int Sequence, Offset? ExpectedOffset)
{
    /// <summary>The header of the key.</summary>
    public const string KeyHeader = "Idempotency-Key";

    private const int KeyLength = 255;

    public static readonly QueryParameter<long> ProducerId = QueryParameter.Number(
        "producer_id", 0, KeyedProducer.FirstId - 1, -1, "The idempotent producer, from POST /v1/producers; goes with partition and base_sequence.");

    public static readonly QueryParameter<long> ProducerEpoch = QueryParameter.Number(
        "producer_epoch", 0, short.MaxValue, -1, "The producer's epoch; 0 if absent. A higher one begins at sequence 0 and fences the lower ones.");

    public static readonly QueryParameter<long> BaseSequence = QueryParameter.Number(
        "base_sequence", 0, int.MaxValue, -1, "The sequence of the first record: how many the producer has appended to the partition before.");

    public static readonly QueryParameter<long> Expected = QueryParameter.Number(
        "expected_offset", 0, long.MaxValue, -1, "Append only if the log ends here, as with If-Match; goes with partition.");

    /// <summary>Whether the partitions must know keyed producers and conditions.</summary>
    public bool NeedsCluster => Key is not null || ExpectedOffset is not null;

    /// <summary>Reads the terms; null without any.</summary>
    public static ProduceTerms? Read(HttpContext context, QueryReader query, bool hasPartition, Acks acks, ref ApiProblem? problem)
    {
        var (id, epoch, sequence, wanted) = (query.Get(ProducerId), query.Get(ProducerEpoch), query.Get(BaseSequence), query.Get(Expected));
        problem ??= query.Problem;
        var key = ReadKey(context.Request, ref problem);
        var expected = ReadExpected(context.Request, wanted, ref problem);
        if (key is null && expected is null && id < 0 && epoch < 0 && sequence < 0)
        {
            return null;
        }

        problem ??= (id < 0 && epoch >= 0) || (id < 0) != (sequence < 0) ? ApiProblem.BadRequest("An idempotent producer is named by producer_id and base_sequence together.")
            : id >= 0 && key is not null ? ApiProblem.BadRequest($"A request has the header {KeyHeader} or a producer, not both.")
            : (id >= 0 || expected is not null) && !hasPartition ? ApiProblem.BadRequest("A producer's sequence and an expected offset are those of one partition: name it.")
            : acks != Acks.All ? ApiProblem.BadRequest("A request that is idempotent or conditional has acks=all.")
            : null;
        return new ProduceTerms(
            key, id < 0 ? ProducerIdentity.None : new ProducerIdentity(id, (short)Math.Max(0, epoch)), (int)sequence, expected);
    }

    /// <summary>The terms of a request with a key as those of the producer that stands for it; the others unchanged.</summary>
    /// <param name="partition">The partition that the request names, which belongs to the scope of the key; null for none.</param>
    /// <param name="content">Fingerprints what is appended.</param>
    public ProduceTerms Resolve(int? partition, IncrementalHash content)
    {
        if (Key is null)
        {
            return this;
        }

        Span<byte> print = stackalloc byte[SHA256.HashSizeInBytes];
        content.GetHashAndReset(print);
        var id = KeyedProducer.FirstId | (BinaryPrimitives.ReadInt64BigEndian(HashOfKey(partition)) & (KeyedProducer.FirstId - 1));
        return this with
        {
            Producer = new ProducerIdentity(id, (short)(BinaryPrimitives.ReadInt16BigEndian(print) & short.MaxValue)),
            Sequence = BinaryPrimitives.ReadInt32BigEndian(print[sizeof(short)..]) & int.MaxValue,
        };
    }

    /// <summary>The partition that always learns of the key, so that it recognizes the key whatever it comes with; any one without a key.</summary>
    public int HomeOf(int partitionsCount) =>
        Key is null ? 0 : (int)(BinaryPrimitives.ReadUInt32BigEndian(HashOfKey(null)[sizeof(long)..]) % (uint)partitionsCount);

    private byte[] HashOfKey(int? partition) =>
        SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{partition}/{Key}")));

    private static string? ReadKey(HttpRequest request, ref ApiProblem? problem)
    {
        if (!request.Headers.TryGetValue(KeyHeader, out var values))
        {
            return null;
        }

        // A structured field is a quoted string; most clients send the key as it is.
        var key = values.ToString();
        key = key is ['"', .. var quoted, '"'] ? quoted : key;
        problem ??= values.Count == 1 && key.Length is > 0 and <= KeyLength && key.All(character => character is >= ' ' and <= '~')
            ? null
            : ApiProblem.BadRequest($"The header {KeyHeader} is given once and has 1 to {KeyLength} printable ASCII characters.");
        return key;
    }

    private static Offset? ReadExpected(HttpRequest request, long wanted, ref ApiProblem? problem)
    {
        if (request.Headers.IfMatch.Count == 0)
        {
            return wanted < 0 ? null : new Offset(wanted);
        }

        var isOffset = long.TryParse(
            request.Headers.IfMatch.ToString() is ['"', .. var tag, '"'] ? tag : "", NumberStyles.None, CultureInfo.InvariantCulture, out var offset);
        problem ??= !isOffset ? ApiProblem.BadRequest("The header If-Match is the offset at which the log is expected to end, in quotes: \"42\".")
            : wanted >= 0 && wanted != offset ? ApiProblem.BadRequest("If-Match and expected_offset differ.")
            : null;
        return new Offset(offset);
    }
}
