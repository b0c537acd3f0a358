namespace Loire.Coordination;

/// <summary>What a rule makes of a request: records to be made durable and then applied, or a refusal.</summary>
/// <typeparam name="TRecord">The type of the records.</typeparam>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why the request is refused; then there are no records.</param>
/// <param name="Detail">The refusal in one sentence for a person.</param>
/// <param name="Records">In order; none if the request is fulfilled already.</param>
public readonly record struct Decision<TRecord>(ErrorCode Error, string? Detail, IReadOnlyList<TRecord> Records)
{
    /// <summary>The request is granted once the records are durable.</summary>
    public static Decision<TRecord> Accept(params TRecord[] records) => new(ErrorCode.None, null, records);

    /// <summary>The request changes nothing.</summary>
    public static Decision<TRecord> Refuse(ErrorCode error, string detail) => new(error, detail, []);
}
