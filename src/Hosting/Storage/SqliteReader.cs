using Microsoft.Data.Sqlite;

namespace SyncCluster.Hosting.Storage;

/// <summary>A connection that reads records, for one thread at a time.</summary>
internal sealed class SqliteReader : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _command;

    public SqliteReader(SqliteConnection connection)
    {
        _connection = connection;
        _command = SqliteStatements.Prepare(
            connection,
            "SELECT etag, data FROM record WHERE grain = $grain AND state = $state AND storage = $storage AND (expires IS NULL OR expires > $now)",
            "$grain", "$state", "$storage", "$now");
    }

    /// <summary>Reads a record; null if there is none, or it has expired.</summary>
    public StoredRow? Read(RowKey key, long now)
    {
        SqliteStatements.Bind(_command, key.Grain, key.State, key.Storage, now);
        using var rows = _command.ExecuteReader();
        return rows.Read() ? new(rows.GetFieldValue<byte[]>(1), rows.GetInt64(0)) : null;
    }

    public void Dispose()
    {
        _command.Dispose();
        _connection.Dispose();
    }
}
