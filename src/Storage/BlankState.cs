namespace Loire.Storage;

/// <summary>
/// The state of a grain that has none stored: a new instance where the type can be made without arguments, else the type's default.
/// </summary>
internal static class BlankState<T>
{
    private static readonly bool _canCreate = typeof(T).IsValueType || typeof(T).GetConstructor(Type.EmptyTypes) is not null;

    public static T Create() => _canCreate ? Activator.CreateInstance<T>() : default!;
}
