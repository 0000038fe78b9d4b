namespace SyncCluster;

/// <summary>References to grains. Orleans looks an interface up by reflection for each reference; these keep what it has found.</summary>
internal static class GrainFactoryExtensions
{
    /// <summary>As <c>GetGrain</c>, for interfaces that one class implements.</summary>
    /// <param name="grains">The grain factory of the silo or the client.</param>
    /// <param name="key">The grain's key.</param>
    public static T GetGrainByKey<T>(this IGrainFactory grains, string key)
        where T : class, IGrainWithStringKey
    {
        if (Known<T>.Types is { } types)
        {
            return (T)grains.GetGrain(GrainId.Create(types.Grain, key), types.Interface);
        }

        return Learn(grains.GetGrain<T>(key));
    }

    /// <summary>As <c>GetGrain</c>.</summary>
    /// <param name="grains">The grain factory of the silo or the client.</param>
    /// <param name="id">The grain.</param>
    public static T GetGrainById<T>(this IGrainFactory grains, GrainId id)
        where T : class, IAddressable
    {
        if (Known<T>.Types is { } types)
        {
            return (T)grains.GetGrain(id, types.Interface);
        }

        return Learn(grains.GetGrain<T>(id));
    }

    /// <summary>What is no reference of Orleans, such as a stand-in, tells nothing.</summary>
    private static T Learn<T>(T grain)
    {
        if (grain is GrainReference reference)
        {
            Known<T>.Types = new(reference.GrainId.Type, reference.InterfaceType);
        }

        return grain;
    }

    private sealed record FoundTypes(GrainType Grain, GrainInterfaceType Interface);

    private static class Known<T>
    {
        private static FoundTypes? _types;

        public static FoundTypes? Types
        {
            get => Volatile.Read(ref _types);
            set => Volatile.Write(ref _types, value);
        }
    }
}
