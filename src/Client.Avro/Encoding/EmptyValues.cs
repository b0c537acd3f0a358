using System.Runtime.CompilerServices;

namespace Loire.Client.Avro;

/// <summary>
/// Which schemas may have values that take no bytes: an array of those could claim any number of items. In doubt, where records refer to
/// each other in a circle or in a very long chain, they may.
/// </summary>
internal static class EmptyValues
{
    public static bool MayHave(AvroSchema schema) => MayHave(schema, []);

    private static bool MayHave(AvroSchema schema, HashSet<AvroName> within) => schema switch
    {
        RecordSchema record => !within.Add(record.Name) || !RuntimeHelpers.TryEnsureSufficientExecutionStack()
            || record.Fields.All(field => MayHave(field.Schema, within)),
        FixedSchema { Size: 0 } => true,
        _ => schema.Type == AvroType.Null,
    };
}
