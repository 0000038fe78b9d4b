using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using SyncCluster.Harness;
using SyncCluster.Hosting.Storage;

namespace SyncCluster.Hosting.Tests.Storage;

/// <summary>A database in a folder of its own, or in memory, with a clock that the test moves.</summary>
internal sealed class TestDatabase : IDisposable
{
    private readonly DirectoryInfo _parent = Directory.CreateTempSubdirectory("synccluster-test-");
    private readonly Action<SqliteConnection>? _opened;
    private SqliteDatabase? _database;

    /// <param name="isInMemory">Whether there is no file.</param>
    /// <param name="opened">Is given the connection that writes.</param>
    public TestDatabase(bool isInMemory = false, Action<SqliteConnection>? opened = null)
    {
        _opened = opened;
        Folder = isInMemory ? SqliteFile.InMemory : Path.Combine(_parent.FullName, "data");
        Open();
    }

    public string Folder { get; }

    public string File => Path.Combine(Folder, SqliteFile.Name);

    public FakeTimeProvider Time { get; } = new(DateTimeOffset.UnixEpoch.AddYears(50));

    public SqliteDatabase Database => _database!;

    /// <summary>The faults that would have ended the process.</summary>
    public List<Exception> Deaths { get; } = [];

    /// <summary>What was dropped, by customer.</summary>
    public Dictionary<string, long> Dropped { get; } = [];

    public void Open() => _database = new(
        SqliteFile.Open(Folder, isSynchronous: true),
        Time,
        NullLogger.Instance,
        Deaths.Add,
        (customer, size) => Dropped[customer] = Dropped.GetValueOrDefault(customer) + size,
        _opened);

    public void Close() => _database!.Dispose();

    public SqliteGrainStorage Storage(string name = "jobs", TimeSpan? expiry = null) => new(name, Database, MemoryStorage.Serializer, Time, expiry);

    /// <summary>Reads the file as another program does.</summary>
    public long Query(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={File};Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToInt64(command.ExecuteScalar(), null);
    }

    public static RowKey Key(string name) => new("jobs", $"job/{name}", "job");

    public static NewRow Row(int bytes = 10) => new(new byte[bytes]);

    public void Dispose()
    {
        Close();
        _parent.Delete(recursive: true);
    }
}
