using System.Globalization;
using Orleans.Serialization;
using Orleans.Storage;
using SyncCluster.Storage;

namespace SyncCluster.Hosting.Storage;

/// <summary>Grain storage in the <see cref="SqliteDatabase"/> of this process.</summary>
/// <param name="name">Its name: the records of each storage are its own.</param>
/// <param name="database">The database.</param>
/// <param name="serializer">Writes the states as bytes.</param>
/// <param name="timeProvider">The clock of the expiry.</param>
/// <param name="expiry">How long a record is kept after its last write; null: for ever.</param>
internal sealed class SqliteGrainStorage(string name, SqliteDatabase database, Serializer serializer, TimeProvider timeProvider, TimeSpan? expiry)
    : IGrainStorage
{
    /// <inheritdoc/>
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var row = database.Read(KeyOf(stateName, grainId));
        grainState.State = row is null ? default! : serializer.Deserialize<T>(row.Data)!;
        grainState.ETag = row?.ETag.ToString(CultureInfo.InvariantCulture);
        grainState.RecordExists = row is not null;
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var record = grainState.State as IStoredRecord;
        var row = new NewRow(serializer.SerializeToArray(grainState.State))
        {
            Expires = timeProvider.GetUtcNow() + expiry,
            IsUnfinished = record?.IsUnfinished == true,
            Customer = record?.Customer ?? "",
            Size = record?.Size ?? 0,
            ListEntry = record?.ListEntry,
        };
        var etag = await database.WriteAsync(KeyOf(stateName, grainId), ParseETag(grainState.ETag), row);
        grainState.ETag = etag.ToString(CultureInfo.InvariantCulture);
        grainState.RecordExists = true;
    }

    /// <inheritdoc/>
    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await database.WriteAsync(KeyOf(stateName, grainId), ParseETag(grainState.ETag), row: null);
        grainState.State = default!;
        grainState.ETag = null;
        grainState.RecordExists = false;
    }

    private RowKey KeyOf(string stateName, GrainId grainId) => new(name, grainId.ToString(), stateName);

    private static long? ParseETag(string? etag) => etag is null ? null : long.Parse(etag, CultureInfo.InvariantCulture);
}
