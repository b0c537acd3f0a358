using Avro;
using Avro.Generic;
using Avro.Specific;

namespace Loire.Client.Avro;

/// <summary>
/// Chooses readers and writers by type: Apache.Avro's for generic values and generated classes, those of a <see cref="ClassMap"/> for all
/// others. Generic values are read through an empty <see cref="ClassMap"/>, which is a quarter faster than GenericDatumReader.
/// </summary>
internal static class Datums
{
    private enum Kind
    {
        Generic,
        Specific,
        Class,
    }

    /// <exception cref="AvroMappingException">The type does not fit the schema.</exception>
    public static DatumWriter<T> Writer<T>(Schema schema) => KindOf(typeof(T)) switch
    {
        Kind.Generic => new GenericDatumWriter<T>(schema),
        Kind.Specific => Try<DatumWriter<T>>(() => new SpecificDatumWriter<T>(schema), Misfit<T>),
        _ => new GenericWriter<T>(new ClassWriter(new ClassMap(typeof(T), schema), schema)),
    };

    /// <exception cref="AvroResolutionException">The schemas do not fit each other.</exception>
    /// <exception cref="AvroMappingException">The type does not fit the reader's schema.</exception>
    public static DatumReader<T> Reader<T>(Schema writer, Schema reader) => (KindOf(typeof(T)), ReferenceEquals(writer, reader)) switch
    {
        (Kind.Specific, true) => Try<DatumReader<T>>(() => new SpecificDatumReader<T>(writer, reader), Misfit<T>),
        (Kind.Specific, false) => Try<DatumReader<T>>(() => new SpecificReader<T>(new SpecificResolver(writer, reader)), Mismatch),
        (var kind, _) => Try<DatumReader<T>>(() => new GenericReader<T>(new ClassReader(Map<T>(kind, reader), writer, reader)), Mismatch),
    };

    /// <summary>Finds this project's exception inside one of Apache.Avro; null if there is none.</summary>
    public static AvroSerdeException? KnownCause(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is AvroSerdeException known)
            {
                return known;
            }
        }

        return null;
    }

    private static Kind KindOf(Type type)
    {
        if (typeof(ISpecificRecord).IsAssignableFrom(type) || typeof(SpecificFixed).IsAssignableFrom(type))
        {
            return Kind.Specific;
        }

        Type[] generic = [typeof(object), typeof(object[]), typeof(Dictionary<string, object>), typeof(IDictionary<string, object>)];
        return generic.Contains(type) || type.Namespace == typeof(GenericRecord).Namespace ? Kind.Generic : Kind.Class;
    }

    private static ClassMap Map<T>(Kind kind, Schema schema) => new(kind == Kind.Generic ? typeof(object) : typeof(T), schema);

    private static TMade Try<TMade>(Func<TMade> make, Func<Exception, AvroSerdeException> translate)
    {
        try
        {
            return make();
        }
        catch (Exception exception) when (exception is not (AvroSerdeException or OutOfMemoryException))
        {
            throw translate(exception);
        }
    }

    private static AvroResolutionException Mismatch(Exception exception) =>
        new($"The schema that values were written with does not fit the serde's: {exception.Message}", exception);

    private static AvroMappingException Misfit<T>(Exception exception) =>
        new($"{typeof(T).Name} does not fit the schema: {exception.Message}", exception);
}
