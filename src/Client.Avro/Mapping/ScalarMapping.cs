namespace Loire.Client.Avro;

/// <summary>
/// Between a scalar as Avro writes it and a type of .NET. Avro's side is <see cref="bool"/>, <see cref="long"/> (int and long),
/// <see cref="float"/>, <see cref="double"/>, <c>byte[]</c> (bytes and fixed) or <see cref="string"/>.
/// </summary>
internal abstract record ScalarMapping(Type AvroSide, Type Clr);

/// <param name="Read">Throws <see cref="AvroDataException"/> or <see cref="OverflowException"/> for what the type cannot hold.</param>
/// <param name="Write">As <paramref name="Read"/>, for what the schema cannot hold.</param>
internal sealed record ScalarMapping<TAvro, TClr>(Func<TAvro, TClr> Read, Func<TClr, TAvro> Write)
    : ScalarMapping(typeof(TAvro), typeof(TClr));
